"""Who answers for it: monthly orders, tours and tables, letters with reply clocks, meetings, duty lists, assessments, reports."""
