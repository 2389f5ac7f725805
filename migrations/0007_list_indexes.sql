-- One index for each order and filter of the task list, so that a page reads what it shows and what it skips, however
-- long the history is. What they cost per task is in docs/costs.md.

CREATE INDEX tasks_by_user_status ON tasks (user_id, status, create_time, id);
--> statement-breakpoint
CREATE INDEX tasks_by_user_type ON tasks (user_id, type, create_time, id);
--> statement-breakpoint
CREATE INDEX tasks_by_user_type_status ON tasks (user_id, type, status, create_time, id);
--> statement-breakpoint
CREATE INDEX tasks_by_user_complete_time ON tasks (user_id, complete_time, id);
--> statement-breakpoint
CREATE INDEX tasks_by_user_cost ON tasks (user_id, cost, id);
