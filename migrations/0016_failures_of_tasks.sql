-- Attempts that failed or were lost. One that was handed back counts as none: a rebuilt queue has to know the one from the other.

ALTER TABLE tasks ADD COLUMN failure_count INTEGER NOT NULL DEFAULT 0 CHECK (failure_count >= 0);
--> statement-breakpoint
UPDATE tasks SET failure_count = max(0, attempt_count - (status = 'PROCESSING')) WHERE status IN ('PENDING', 'PROCESSING');
