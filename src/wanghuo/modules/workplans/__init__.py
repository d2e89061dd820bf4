"""Papers from above become plans that measure themselves: items, owners, dates, targets, tasks, progress."""
