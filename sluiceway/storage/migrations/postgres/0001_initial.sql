-- Moments are milliseconds since 1970-01-01T00:00:00Z. The functions, in functions.sql,
-- are put in place anew with every upgrade.

CREATE TABLE sluiceway.documents (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    body text NOT NULL,
    secret bytea,
    CONSTRAINT documents_by_id UNIQUE (kind, id)
);
CREATE INDEX documents_by_kind ON sluiceway.documents (kind, seq);

CREATE TABLE sluiceway.document_keys (
    document_seq bigint NOT NULL REFERENCES sluiceway.documents (seq) ON DELETE CASCADE,
    position integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    is_unique boolean NOT NULL,
    PRIMARY KEY (document_seq, position)
);
-- A value may be longer than an index entry can be: its digest stands in for it.
CREATE INDEX document_keys_by_value
    ON sluiceway.document_keys (kind, name, md5(value), document_seq);
CREATE UNIQUE INDEX document_keys_unique
    ON sluiceway.document_keys (kind, name, md5(value)) WHERE is_unique;

-- The flow as it was when executions of it started, once per wording; sealed.
CREATE TABLE sluiceway.flow_snapshots (
    digest text PRIMARY KEY,
    sealed bytea NOT NULL
);

-- Who may run an execution is Absurd's to say: task_id and run_id are its task and its latest run.
-- ready_at tells people and lists: the end of the lease while RUNNING, the moment to start or wake
-- otherwise, NULL once nothing more will happen. claim counts the take-overs, and fences writes.
CREATE TABLE sluiceway.executions (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    flow_id text NOT NULL,
    flow_name text NOT NULL,
    flow_version integer NOT NULL,
    flow_digest text NOT NULL,
    trace_id text NOT NULL,
    journey_id text,
    status text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    started_at bigint,
    ended_at bigint,
    ready_at bigint,
    clock_at bigint,
    owner text,
    claim integer NOT NULL DEFAULT 0,
    takeovers integer NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    idempotency_key text,
    batch_id text,
    error text,
    payload bytea NOT NULL,
    final bytea,
    resume bytea,
    task_id uuid NOT NULL,
    run_id uuid NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX executions_by_idempotency_key
    ON sluiceway.executions (flow_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_by_readiness
    ON sluiceway.executions (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX executions_by_flow ON sluiceway.executions (flow_id, seq);
CREATE INDEX executions_by_snapshot ON sluiceway.executions (flow_digest);
CREATE INDEX executions_by_creation ON sluiceway.executions (created_at);
CREATE INDEX executions_by_end ON sluiceway.executions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX executions_unhappy
    ON sluiceway.executions (status, seq) WHERE status IN ('FAILED', 'CANCELLED');
CREATE INDEX executions_by_batch
    ON sluiceway.executions (batch_id, seq) WHERE batch_id IS NOT NULL;

-- Append-only while the execution lives: entries is masked JSON, sealed is what resuming needs.
CREATE TABLE sluiceway.execution_log (
    execution_id text NOT NULL,
    position integer NOT NULL,
    entries bytea NOT NULL,
    sealed bytea,
    PRIMARY KEY (execution_id, position)
);

CREATE TABLE sluiceway.outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    idempotency_key text NOT NULL UNIQUE,
    execution_id text NOT NULL,
    step_id text NOT NULL,
    queue text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    ready_at bigint,
    owner text,
    claim integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    shown text NOT NULL,
    history text NOT NULL DEFAULT '[]',
    receipt text,
    sealed bytea NOT NULL,
    delivery text,
    reports text NOT NULL DEFAULT '[]',
    task_id uuid NOT NULL,
    run_id uuid NOT NULL
);
CREATE INDEX outbox_by_receipt ON sluiceway.outbox (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX outbox_by_readiness ON sluiceway.outbox (queue, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX outbox_by_status ON sluiceway.outbox (status, seq);
CREATE INDEX outbox_by_execution ON sluiceway.outbox (execution_id);

CREATE TABLE sluiceway.one_time_codes (
    reference text PRIMARY KEY,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    expires_at bigint NOT NULL,
    attempts integer NOT NULL
);
CREATE INDEX one_time_codes_by_expiry ON sluiceway.one_time_codes (expires_at);

CREATE TABLE sluiceway.token_buckets (
    key text PRIMARY KEY,
    rate double precision,
    burst double precision,
    level double precision NOT NULL,
    levelled_at bigint NOT NULL,
    blocked_until bigint NOT NULL
);

CREATE TABLE sluiceway.shared_values (
    key text PRIMARY KEY,
    value bytea NOT NULL,
    expires_at bigint
);
CREATE INDEX shared_values_by_expiry
    ON sluiceway.shared_values (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sluiceway.audit_log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    details text NOT NULL
);
CREATE INDEX audit_log_by_time ON sluiceway.audit_log (at);
