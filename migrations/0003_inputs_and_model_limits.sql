-- Pictures that tasks work on, and what an operator narrows for a model.

ALTER TABLE models ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
--> statement-breakpoint
-- What the built-in engine can enlarge to; a row of limits is a `ModelLimits` of shared/src/model-limits.ts.
UPDATE models SET limits = '{"maxPixels":36000000}' WHERE name IN ('RealESRGAN', 'stargraph-scene');
--> statement-breakpoint
UPDATE models SET types = '["TEXT2IMG","IMG2IMG","UPSCALE","POSE","TEXT2VIDEO","IMG2VIDEO"]' WHERE name = 'stargraph-scene';
--> statement-breakpoint
CREATE TABLE inputs (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  -- Where it lies in R2: inputs/<unguessable>, private to its owner and to the attempts that need it
  file_key TEXT NOT NULL UNIQUE,
  -- 1: uploaded to be used again; 0: came with a task
  uploaded INTEGER NOT NULL CHECK (uploaded IN (0, 1)),
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  format TEXT NOT NULL CHECK (format IN ('PNG', 'JPEG')),
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  -- The bytes are gone; the row stays while tasks refer to it
  delete_time INTEGER
);
--> statement-breakpoint
CREATE INDEX inputs_by_user ON inputs (user_id, create_time, id) WHERE delete_time IS NULL;
--> statement-breakpoint
CREATE INDEX inputs_to_expire ON inputs (expire_time) WHERE delete_time IS NULL;
--> statement-breakpoint
ALTER TABLE tasks ADD COLUMN input_id TEXT REFERENCES inputs (id);
