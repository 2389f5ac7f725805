-- Who may call: users (spec 4), their sign-in sessions, and the keys of their agents.
-- Statements are separated by the line below, which SQL reads as a comment. Times are Unix milliseconds.

CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL COLLATE NOCASE UNIQUE,
  -- PBKDF2 with its salt and iterations, see edge/src/auth/password.ts
  password TEXT NOT NULL,
  nickname TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  avatar TEXT,
  role TEXT NOT NULL DEFAULT 'USER' CHECK (role IN ('USER', 'ADMIN')),
  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  vip_level INTEGER NOT NULL DEFAULT 0 CHECK (vip_level >= 0),
  vip_expire_time INTEGER,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL
);
--> statement-breakpoint
-- Ids look like the document's: the first user is 1001.
INSERT INTO sqlite_sequence (name, seq) VALUES ('users', 1000);
--> statement-breakpoint
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  revoke_time INTEGER
);
--> statement-breakpoint
CREATE INDEX sessions_by_user ON sessions (user_id, expire_time);
--> statement-breakpoint
CREATE TABLE agent_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  -- SHA-256 of the key in hex; the key itself is shown once and never stored.
  hash TEXT NOT NULL UNIQUE,
  -- 1: agents with this key may serve the public pool, and so see other people's prompts.
  trusted INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1)),
  create_time INTEGER NOT NULL,
  last_used_time INTEGER,
  revoke_time INTEGER
);
--> statement-breakpoint
CREATE INDEX agent_keys_by_user ON agent_keys (user_id);
