/** The database's versions, oldest first; `PRAGMA user_version` counts those applied. Never change one that was released. */
export const migrations: readonly string[] = [
  `
  -- one value by name: this agent's instance id, the last order on disk
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    title TEXT NOT NULL,
    updated_at INTEGER NOT NULL -- ms
  );
  CREATE INDEX conversation_by_user ON conversation (user_id, updated_at);

  -- state: waiting (also while it runs), ended (the terminal event is in job_event), settled (and acknowledged by the gateway)
  CREATE TABLE job (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL, -- the contract's Job as JSON
    conversation_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    next_event INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER -- ms
  );
  CREATE INDEX job_by_state ON job (state) WHERE state <> 'settled';
  CREATE INDEX job_by_settling ON job (settled_at) WHERE settled_at IS NOT NULL;

  -- the outbox: events first, first + 1, … of a job as a JSON array
  CREATE TABLE job_event (
    job_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (job_id, first)
  ) WITHOUT ROWID;

  CREATE TABLE message (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    status TEXT NOT NULL,
    at INTEGER NOT NULL, -- ms
    UNIQUE (job_id, role)
  );
  CREATE INDEX message_by_conversation ON message (conversation_id, number);
  `,
  `
  -- turn: a chat; task: its questions are the attempts' prompts, and it is in no list of chats
  ALTER TABLE conversation ADD COLUMN kind TEXT NOT NULL DEFAULT 'turn';
  DROP INDEX conversation_by_user;
  CREATE INDEX conversation_by_user ON conversation (user_id, kind, updated_at);

  -- of a task: how many times it was begun and neither came to an end nor was stopped on purpose
  ALTER TABLE job ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;

  -- users who are the same person as another one: their accounts were bound
  CREATE TABLE alias (user_id TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX alias_by_person ON alias (person);
  `,
  `
  -- of an answer: what the model thought before it, and why it has failed ({code, message} as JSON)
  ALTER TABLE message ADD COLUMN reasoning TEXT NOT NULL DEFAULT '';
  ALTER TABLE message ADD COLUMN failure TEXT;

  -- 1: its user has deleted it. The row stays, without a title, so that nobody else can take the id.
  ALTER TABLE conversation ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
  `,
];
