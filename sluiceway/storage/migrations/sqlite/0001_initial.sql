-- Moments are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    secret BLOB,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX documents_by_kind ON documents (kind, seq);

CREATE TABLE document_keys (
    document_seq INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    is_unique INTEGER NOT NULL,
    PRIMARY KEY (document_seq, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_keys_by_value ON document_keys (kind, name, value, document_seq);
CREATE UNIQUE INDEX document_keys_unique ON document_keys (kind, name, value) WHERE is_unique = 1;

-- The flow as it was when executions of it started, once per wording; sealed.
CREATE TABLE flow_snapshots (
    digest TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ready_at is when a worker may claim the row: the end of the lease while RUNNING, the moment to
-- start or wake otherwise, NULL once nothing more will happen.
CREATE TABLE executions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    flow_id TEXT NOT NULL,
    flow_name TEXT NOT NULL,
    flow_version INTEGER NOT NULL,
    flow_digest TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    journey_id TEXT,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    ready_at INTEGER,
    clock_at INTEGER,
    owner TEXT,
    claim INTEGER NOT NULL DEFAULT 0,
    takeovers INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    batch_id TEXT,
    error TEXT,
    payload BLOB NOT NULL,
    final BLOB,
    resume BLOB
) STRICT;
CREATE UNIQUE INDEX executions_by_idempotency_key ON executions (flow_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_by_readiness ON executions (ready_at, seq) WHERE ready_at IS NOT NULL;
CREATE INDEX executions_by_flow ON executions (flow_id, seq);
CREATE INDEX executions_by_snapshot ON executions (flow_digest);
CREATE INDEX executions_by_creation ON executions (created_at);
CREATE INDEX executions_by_end ON executions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX executions_unhappy ON executions (status, seq)
    WHERE status IN ('FAILED', 'CANCELLED');
CREATE INDEX executions_by_batch ON executions (batch_id, seq) WHERE batch_id IS NOT NULL;

-- Append-only while the execution lives: entries is masked JSON, sealed is what resuming needs.
CREATE TABLE execution_log (
    execution_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    entries BLOB NOT NULL,
    sealed BLOB,
    PRIMARY KEY (execution_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    execution_id TEXT NOT NULL,
    step_id TEXT NOT NULL,
    queue TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ready_at INTEGER,
    owner TEXT,
    claim INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    shown TEXT NOT NULL,
    history TEXT NOT NULL DEFAULT '[]',
    receipt TEXT,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_readiness ON outbox (queue, ready_at, seq) WHERE ready_at IS NOT NULL;
CREATE INDEX outbox_by_status ON outbox (status, seq);
CREATE INDEX outbox_by_execution ON outbox (execution_id);

CREATE TABLE one_time_codes (
    reference TEXT PRIMARY KEY,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);

CREATE TABLE token_buckets (
    key TEXT PRIMARY KEY,
    rate REAL,
    burst REAL,
    level REAL NOT NULL,
    levelled_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shared_values (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX shared_values_by_expiry ON shared_values (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE audit_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at);
