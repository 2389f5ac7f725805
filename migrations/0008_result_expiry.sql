-- When a result's file is deleted, Unix milliseconds. The default, the year 2100, is for a Worker from before this column:
-- what says nothing of its expiry is kept rather than swept.
ALTER TABLE results ADD COLUMN expire_time INTEGER NOT NULL DEFAULT 4102444800000;
--> statement-breakpoint
-- 30 days, as the service has promised so far in the list of results.
UPDATE results SET expire_time = (SELECT complete_time FROM tasks WHERE id = task_id) + 2592000000
  WHERE EXISTS (SELECT 1 FROM tasks WHERE id = task_id AND complete_time IS NOT NULL);
--> statement-breakpoint
-- Swept oldest first.
CREATE INDEX results_expiry ON results (expire_time);
