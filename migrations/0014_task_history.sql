-- What a task's detail tells of its past: which task it repeats, and how long a cancelled attempt took to stop.

ALTER TABLE tasks ADD COLUMN retry_of TEXT REFERENCES tasks (id);
--> statement-breakpoint
CREATE INDEX tasks_by_retry ON tasks (retry_of) WHERE retry_of IS NOT NULL;
--> statement-breakpoint
-- Milliseconds from the cancel to the agent's word that its engine has stopped; null where there was none.
ALTER TABLE attempts ADD COLUMN stop_ms INTEGER CHECK (stop_ms >= 0);
