"""Pages of work plans: papers in, lines judged, plans issued, boards, tasks."""
