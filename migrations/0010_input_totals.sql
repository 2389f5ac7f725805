-- How many pictures a user has stored, uploaded (1) or sent with a task (0), so that their list has its total without counting.
CREATE TABLE input_totals (
  user_id INTEGER NOT NULL,
  uploaded INTEGER NOT NULL,
  files INTEGER NOT NULL,
  PRIMARY KEY (user_id, uploaded)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO input_totals (user_id, uploaded, files)
  SELECT user_id, uploaded, count(*) FROM inputs WHERE delete_time IS NULL GROUP BY 1, 2;
--> statement-breakpoint
CREATE TRIGGER input_totalled AFTER INSERT ON inputs WHEN NEW.delete_time IS NULL BEGIN
  INSERT INTO input_totals (user_id, uploaded, files) VALUES (NEW.user_id, NEW.uploaded, 1)
    ON CONFLICT DO UPDATE SET files = files + 1;
END;
--> statement-breakpoint
CREATE TRIGGER input_untotalled AFTER UPDATE OF delete_time ON inputs WHEN OLD.delete_time IS NULL AND NEW.delete_time IS NOT NULL BEGIN
  UPDATE input_totals SET files = files - 1 WHERE user_id = OLD.user_id AND uploaded = OLD.uploaded;
END;
--> statement-breakpoint
CREATE INDEX inputs_by_user_kind ON inputs (user_id, uploaded, create_time, id) WHERE delete_time IS NULL;
