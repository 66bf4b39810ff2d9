-- Every durable write is one of these functions: one round trip, one place that fences it, and many
-- can share a transaction. Absurd, unmodified, says who may run what and when; its rows are locked
-- before ours, everywhere, so that two of these never wait for each other in a circle.
--
-- SW001: the claim is another's by now. SW002: a unique key is taken; the message names it.
--
-- p_clock is NULL in earnest: leases and delays then run on the server's clock, which all workers
-- share. Tests give a moment, and both Absurd and these functions take it for the time.

CREATE OR REPLACE FUNCTION sluiceway.now_ms (p_clock bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF p_clock IS NULL THEN
        RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    END IF;
    PERFORM set_config('absurd.fake_now', to_timestamp(p_clock / 1000.0)::text, true);
    RETURN p_clock;
END
$$;

-- When the server's clock shows what the caller means by p_wanted, its own clock being at p_at.
-- Clocks that nearly agree are taken at their word; otherwise the time in between counts.
CREATE OR REPLACE FUNCTION sluiceway.moment_ms (p_wanted bigint, p_at bigint, p_now bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN abs(p_at - p_now) < 5000 THEN p_wanted ELSE p_now + (p_wanted - p_at) END
$$;

CREATE OR REPLACE FUNCTION sluiceway.moment (p_wanted bigint, p_at bigint, p_now bigint)
RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(sluiceway.moment_ms(p_wanted, p_at, p_now) / 1000.0)
$$;

CREATE OR REPLACE FUNCTION sluiceway.create_execution (
    p_id text, p_flow_id text, p_flow_name text, p_flow_version integer, p_digest text,
    p_snapshot bytea, p_trace_id text, p_journey_id text, p_created_at bigint,
    p_not_before bigint, p_key text, p_batch_id text, p_payload bytea, p_clock bigint
) RETURNS TABLE (id text, is_new boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_found text;
    v_task uuid;
    v_run uuid;
BEGIN
    SELECT e.id INTO v_found FROM sluiceway.executions e
        WHERE e.id = p_id OR (e.flow_id = p_flow_id AND e.idempotency_key = p_key) LIMIT 1;
    IF FOUND THEN
        RETURN QUERY SELECT v_found, false;
        RETURN;
    END IF;
    -- The lock keeps a prune from deleting the wording before this execution is there to see.
    LOOP
        PERFORM 1 FROM sluiceway.flow_snapshots WHERE digest = p_digest FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO sluiceway.flow_snapshots VALUES (p_digest, p_snapshot) ON CONFLICT DO NOTHING;
    END LOOP;
    PERFORM sluiceway.now_ms(p_clock);
    SELECT s.task_id, s.run_id INTO v_task, v_run
        FROM absurd.spawn_task('sluiceway', 'execution', jsonb_build_object('id', p_id)) s;
    INSERT INTO sluiceway.executions (
        id, flow_id, flow_name, flow_version, flow_digest, trace_id, journey_id, status,
        created_at, updated_at, ready_at, idempotency_key, batch_id, payload, task_id, run_id
    ) VALUES (
        p_id, p_flow_id, p_flow_name, p_flow_version, p_digest, p_trace_id, p_journey_id, 'QUEUED',
        p_created_at, p_created_at, coalesce(p_not_before, 0), p_key, p_batch_id, p_payload,
        v_task, v_run
    ) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN QUERY SELECT p_id, true;
        RETURN;
    END IF;
    PERFORM absurd.cancel_task('sluiceway', v_task);
    RETURN QUERY SELECT coalesce(
        (SELECT e.id FROM sluiceway.executions e
            WHERE e.flow_id = p_flow_id AND e.idempotency_key = p_key), p_id), false;
END
$$;

-- p_now is the worker's wall clock, for records; p_holding are the ids that it runs already.
CREATE OR REPLACE FUNCTION sluiceway.claim_executions (
    p_owner text, p_limit integer, p_lease_s integer, p_now bigint, p_holding text[],
    p_clock bigint
) RETURNS SETOF sluiceway.executions
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    v_until bigint := v_now + p_lease_s * 1000;
    v_at timestamptz := absurd.current_time();
    v_runs uuid[];
    v_ids text[];
    r record;
BEGIN
    -- Most claims of an idle worker find nothing: to see that takes two looks at an index.
    IF NOT EXISTS (
        SELECT 1 FROM absurd.r_sluiceway w
        WHERE w.state IN ('pending', 'sleeping') AND w.available_at <= v_at
    ) AND NOT EXISTS (
        SELECT 1 FROM absurd.r_sluiceway w WHERE w.state = 'running' AND w.claim_expires_at <= v_at
    ) THEN
        RETURN;
    END IF;
    SELECT array_agg(c.run_id), array_agg(c.params ->> 'id') INTO v_runs, v_ids
        FROM absurd.claim_task('sluiceway', p_owner, p_lease_s, p_limit) c;
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    FOR r IN
        SELECT c.run_id, c.id, e.status, e.owner, e.ready_at
        FROM unnest(v_runs, v_ids) c (run_id, id) LEFT JOIN sluiceway.executions e ON e.id = c.id
        WHERE e.ready_at IS NULL OR (e.status = 'QUEUED' AND e.ready_at > v_now)
            OR (e.status = 'RUNNING' AND e.owner = p_owner AND e.id = ANY (p_holding))
    LOOP
        v_ids := array_replace(v_ids, r.id, NULL);
        IF r.ready_at IS NULL THEN
            PERFORM absurd.complete_run('sluiceway', r.run_id);
        ELSIF r.status = 'QUEUED' THEN
            PERFORM absurd.schedule_run('sluiceway', r.run_id, to_timestamp(r.ready_at / 1000.0));
            UPDATE sluiceway.executions e SET run_id = r.run_id WHERE e.id = r.id;
        ELSE
            -- Its lease ran out unnoticed, and nobody else was there: the claim simply goes on.
            UPDATE sluiceway.executions e SET run_id = r.run_id, ready_at = v_until
                WHERE e.id = r.id;
        END IF;
    END LOOP;
    RETURN QUERY
        UPDATE sluiceway.executions e SET
            status = 'RUNNING', owner = p_owner, claim = e.claim + 1, run_id = c.run_id,
            takeovers = CASE WHEN e.status = 'RUNNING' THEN e.takeovers + 1 ELSE 0 END,
            clock_at = CASE WHEN e.status = 'RUNNING' THEN e.clock_at ELSE p_now END,
            started_at = coalesce(e.started_at, p_now), updated_at = p_now, ready_at = v_until
        FROM unnest(v_runs, v_ids) c (run_id, id)
        WHERE e.id = c.id AND e.ready_at IS NOT NULL
        RETURNING e.*;
END
$$;

-- Returns those that are still held. A lease is renewed once a third of it is gone.
CREATE OR REPLACE FUNCTION sluiceway.beat (
    p_owner text, p_ids text[], p_claims integer[], p_lease_s integer, p_clock bigint
) RETURNS TABLE (id text, is_to_cancel boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    r record;
BEGIN
    FOR r IN
        SELECT e.id, e.claim, e.run_id, e.cancel_requested, e.ready_at
        FROM unnest(p_ids, p_claims) h (id, claim)
            JOIN sluiceway.executions e ON e.id = h.id AND e.claim = h.claim
        WHERE e.owner = p_owner AND e.status = 'RUNNING' ORDER BY e.id
    LOOP
        IF r.ready_at <= v_now + p_lease_s * 667 THEN
            BEGIN
                PERFORM absurd.extend_claim('sluiceway', r.run_id, p_lease_s);
            EXCEPTION WHEN raise_exception OR SQLSTATE 'AB001' OR SQLSTATE 'AB002' THEN
                CONTINUE; -- swept already: whoever claims it next goes on
            END;
            UPDATE sluiceway.executions e SET ready_at = v_now + p_lease_s * 1000
                WHERE e.id = r.id AND e.claim = r.claim AND e.status = 'RUNNING';
        END IF;
        RETURN QUERY SELECT r.id, r.cancel_requested;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.put_log (
    p_id text, p_position integer, p_entries bytea, p_sealed bytea
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sluiceway.execution_log VALUES (p_id, p_position, p_entries, p_sealed)
        ON CONFLICT DO NOTHING;
    -- The same write again, because nobody heard of its commit, is no second write.
    IF NOT FOUND AND NOT EXISTS (
        SELECT 1 FROM sluiceway.execution_log l
        WHERE l.execution_id = p_id AND l.position = p_position
            AND l.entries = p_entries AND l.sealed IS NOT DISTINCT FROM p_sealed
    ) THEN
        RAISE unique_violation USING MESSAGE =
            format('position %s of the journal of %s is written', p_position, p_id);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.append (
    p_id text, p_owner text, p_claim integer, p_position integer, p_entries bytea, p_sealed bytea
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM sluiceway.executions e
        WHERE e.id = p_id AND e.owner = p_owner AND e.claim = p_claim AND e.status = 'RUNNING'
        FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE SQLSTATE 'SW001' USING MESSAGE = 'the claim is another''s';
    END IF;
    PERFORM sluiceway.put_log(p_id, p_position, p_entries, p_sealed);
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.rewrite (p_id text, p_position integer, p_entries bytea)
RETURNS void LANGUAGE sql AS $$
    UPDATE sluiceway.execution_log SET entries = p_entries
        WHERE execution_id = p_id AND position = p_position
$$;

-- The run of a claim that holds; whoever changes its row next waits for this transaction.
CREATE OR REPLACE FUNCTION sluiceway.run_of (p_id text, p_owner text, p_claim integer)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    v_run uuid;
BEGIN
    SELECT e.run_id INTO v_run FROM sluiceway.executions e
        WHERE e.id = p_id AND e.owner = p_owner AND e.claim = p_claim AND e.status = 'RUNNING';
    IF NOT FOUND THEN
        RAISE SQLSTATE 'SW001' USING MESSAGE = 'the claim is another''s';
    END IF;
    RETURN v_run;
END
$$;

-- One that is to be cancelled wakes at once, and ends then.
CREATE OR REPLACE FUNCTION sluiceway.sleep_execution (
    p_id text, p_owner text, p_claim integer, p_wake_at bigint, p_at bigint, p_clock bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    v_run uuid := sluiceway.run_of(p_id, p_owner, p_claim);
    v_is_to_cancel boolean;
BEGIN
    SELECT e.cancel_requested INTO v_is_to_cancel FROM sluiceway.executions e WHERE e.id = p_id;
    PERFORM absurd.schedule_run('sluiceway', v_run, CASE WHEN v_is_to_cancel
        THEN to_timestamp(v_now / 1000.0) ELSE sluiceway.moment(p_wake_at, p_at, v_now) END);
    UPDATE sluiceway.executions e SET
        status = 'DELAYED', owner = NULL, takeovers = 0, updated_at = p_at,
        ready_at = CASE WHEN v_is_to_cancel THEN 0 ELSE p_wake_at END
        WHERE e.id = p_id AND e.owner = p_owner AND e.claim = p_claim AND e.status = 'RUNNING'
            AND e.cancel_requested = v_is_to_cancel;
    IF NOT FOUND THEN
        PERFORM sluiceway.run_of(p_id, p_owner, p_claim);
        RAISE serialization_failure USING MESSAGE = 'the execution changed meanwhile';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.finish_execution (
    p_id text, p_owner text, p_claim integer, p_status text, p_at bigint, p_final bytea,
    p_resume bytea, p_error text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM absurd.complete_run('sluiceway', sluiceway.run_of(p_id, p_owner, p_claim));
    UPDATE sluiceway.executions e SET
        status = p_status, owner = NULL, ready_at = NULL, cancel_requested = false,
        ended_at = p_at, updated_at = p_at, final = p_final, resume = p_resume, error = p_error
        WHERE e.id = p_id AND e.owner = p_owner AND e.claim = p_claim AND e.status = 'RUNNING';
    IF NOT FOUND THEN
        RAISE SQLSTATE 'SW001' USING MESSAGE = 'the claim is another''s';
    END IF;
END
$$;

-- Still RUNNING, under nobody: the next claim is a take-over and keeps the clock.
CREATE OR REPLACE FUNCTION sluiceway.release_execution (
    p_id text, p_owner text, p_claim integer, p_clock bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
BEGIN
    PERFORM absurd.schedule_run(
        'sluiceway', sluiceway.run_of(p_id, p_owner, p_claim), to_timestamp(v_now / 1000.0)
    );
    UPDATE sluiceway.executions e SET owner = NULL, ready_at = 0
        WHERE e.id = p_id AND e.owner = p_owner AND e.claim = p_claim AND e.status = 'RUNNING';
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.cancel_execution (
    p_id text, p_status text, p_at bigint, p_final bytea, p_resume bytea, p_error text,
    p_clock bigint
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    v sluiceway.executions%ROWTYPE;
BEGIN
    SELECT * INTO v FROM sluiceway.executions e WHERE e.id = p_id;
    IF NOT FOUND THEN
        RETURN 'missing';
    ELSIF v.ready_at IS NULL THEN
        RETURN 'ended';
    ELSIF v.status = 'RUNNING' AND v.owner IS NOT NULL AND v.ready_at > v_now THEN
        UPDATE sluiceway.executions e SET cancel_requested = true
            WHERE e.id = p_id AND e.claim = v.claim AND e.status = 'RUNNING' AND e.owner = v.owner;
        IF FOUND THEN
            RETURN 'requested';
        END IF;
    ELSE
        -- It waits, or its worker is gone beyond its lease.
        PERFORM absurd.cancel_task('sluiceway', v.task_id);
        UPDATE sluiceway.executions e SET
            status = p_status, owner = NULL, ready_at = NULL, cancel_requested = false,
            ended_at = p_at, updated_at = p_at, final = p_final, resume = p_resume, error = p_error
            WHERE e.id = p_id AND e.claim = v.claim AND e.status = v.status
                AND e.owner IS NOT DISTINCT FROM v.owner;
        IF FOUND THEN
            RETURN 'cancelled';
        END IF;
    END IF;
    RAISE serialization_failure USING MESSAGE = 'the execution changed meanwhile';
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.reopen_execution (
    p_id text, p_claim integer, p_at bigint, p_position integer, p_entries bytea, p_sealed bytea,
    p_clock bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_task uuid;
    v_run uuid;
BEGIN
    PERFORM sluiceway.now_ms(p_clock);
    PERFORM 1 FROM sluiceway.executions e
        WHERE e.id = p_id AND e.claim = p_claim AND e.status IN ('FAILED', 'CANCELLED')
        FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT s.task_id, s.run_id INTO v_task, v_run
        FROM absurd.spawn_task('sluiceway', 'execution', jsonb_build_object('id', p_id)) s;
    UPDATE sluiceway.executions e SET
        status = 'QUEUED', ready_at = 0, ended_at = NULL, final = NULL, resume = NULL, error = NULL,
        owner = NULL, cancel_requested = false, claim = e.claim + 1, updated_at = p_at,
        task_id = v_task, run_id = v_run
        WHERE e.id = p_id;
    IF p_position IS NOT NULL THEN
        PERFORM sluiceway.put_log(p_id, p_position, p_entries, p_sealed);
    END IF;
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.delete_execution (p_id text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sluiceway.executions e WHERE e.id = p_id AND e.ready_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM sluiceway.execution_log l WHERE l.execution_id = p_id;
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.prune_executions (p_ended_before bigint, p_limit integer)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_ids text[];
    v_digests text[];
BEGIN
    WITH deleted AS (
        DELETE FROM sluiceway.executions e WHERE e.seq IN (
            SELECT x.seq FROM sluiceway.executions x WHERE x.ended_at < p_ended_before
            ORDER BY x.ended_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) RETURNING e.id, e.flow_digest
    )
    SELECT array_agg(d.id), array_agg(DISTINCT d.flow_digest) INTO v_ids, v_digests FROM deleted d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM sluiceway.execution_log l WHERE l.execution_id = ANY (v_ids);
    -- Lock first, look second: whoever starts an execution of the wording holds a share of the lock.
    PERFORM 1 FROM sluiceway.flow_snapshots s WHERE s.digest = ANY (v_digests)
        ORDER BY s.digest FOR UPDATE SKIP LOCKED;
    DELETE FROM sluiceway.flow_snapshots s
        WHERE s.digest IN (
            SELECT x.digest FROM sluiceway.flow_snapshots x
            WHERE x.digest = ANY (v_digests) FOR UPDATE SKIP LOCKED
        ) AND NOT EXISTS (SELECT 1 FROM sluiceway.executions e WHERE e.flow_digest = s.digest);
    RETURN cardinality(v_ids);
END
$$;

-- The outbox's rows are their own queue: ready_at is when a message may be claimed, by the server's
-- clock, or when the lease of whoever sends it runs out; NULL for what is done with.
CREATE OR REPLACE FUNCTION sluiceway.claim_messages (
    p_queue text, p_owner text, p_limit integer, p_lease_ms bigint, p_at bigint, p_clock bigint
) RETURNS SETOF sluiceway.outbox
LANGUAGE plpgsql
-- A plan that was made while the table was empty reads all of it later.
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    v_seqs bigint[];
BEGIN
    -- What another worker is claiming or settling now is passed over.
    SELECT array_agg(c.seq) INTO v_seqs FROM (
        SELECT o.seq FROM sluiceway.outbox o WHERE o.queue = p_queue AND o.ready_at <= v_now
        ORDER BY o.ready_at, o.seq LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    ) c;
    IF v_seqs IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
        UPDATE sluiceway.outbox o SET
            status = 'SENDING', owner = p_owner, claim = o.claim + 1, updated_at = p_at,
            ready_at = v_now + p_lease_ms
        WHERE o.seq = ANY (v_seqs)
        RETURNING o.*;
END
$$;

-- The ids are in order, here and below, so that no two transactions wait in a circle.
CREATE OR REPLACE FUNCTION sluiceway.beat_messages (
    p_ids text[], p_claims integer[], p_lease_ms bigint, p_clock bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_until bigint := sluiceway.now_ms(p_clock) + p_lease_ms;
BEGIN
    FOR i IN 1 .. cardinality(p_ids) LOOP
        UPDATE sluiceway.outbox o SET ready_at = v_until
            WHERE o.id = p_ids[i] AND o.claim = p_claims[i] AND o.status = 'SENDING';
    END LOOP;
END
$$;

-- p_ready_ats says when to try again; NULL where the message is done with. Returns the places of
-- those whose claim is another's by now: one id may be there under two claims.
CREATE OR REPLACE FUNCTION sluiceway.settle_messages (
    p_ids text[], p_claims integer[], p_statuses text[], p_ats bigint[], p_ready_ats bigint[],
    p_attempts integer[], p_histories text[], p_receipts text[], p_clock bigint
) RETURNS SETOF integer
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
BEGIN
    FOR i IN 1 .. cardinality(p_ids) LOOP
        UPDATE sluiceway.outbox o SET
            status = p_statuses[i], updated_at = p_ats[i], owner = NULL,
            ready_at = sluiceway.moment_ms(p_ready_ats[i], p_ats[i], v_now),
            attempts = p_attempts[i], history = p_histories[i], receipt = p_receipts[i]
            WHERE o.id = p_ids[i] AND o.claim = p_claims[i] AND o.status = 'SENDING';
        IF NOT FOUND THEN
            RETURN NEXT i;
        END IF;
    END LOOP;
END
$$;

-- Absurd keeps what ended; our own rows are the record, and its tables are quickest when small.
CREATE OR REPLACE FUNCTION sluiceway.tidy (p_clock bigint) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sluiceway.now_ms(p_clock);
    IF NOT pg_try_advisory_xact_lock(hashtext('sluiceway tidy')) THEN
        RETURN 0;
    END IF;
    RETURN absurd.cleanup_tasks('sluiceway', 0, 2000);
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.bucket_level (
    p_now bigint, p_level double precision, p_levelled_at bigint, p_rate double precision,
    p_burst double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT least(p_burst, p_level + greatest(0, p_now - p_levelled_at) / 1000.0 * p_rate)
$$;

-- All workers' buckets fill by the server's clock, so that theirs need not agree.
CREATE OR REPLACE FUNCTION sluiceway.take_tokens (
    p_key text, p_rate double precision, p_burst double precision, p_count double precision,
    p_clock bigint
) RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    v_wait double precision;
    v_rate double precision;
    v_level double precision;
    b sluiceway.token_buckets%ROWTYPE;
BEGIN
    SELECT * INTO b FROM sluiceway.token_buckets t WHERE t.key = p_key FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        IF p_rate IS NULL THEN
            RETURN 0;
        END IF;
        INSERT INTO sluiceway.token_buckets VALUES (p_key, NULL, NULL, p_burst, v_now, 0)
            ON CONFLICT DO NOTHING;
        SELECT * INTO b FROM sluiceway.token_buckets t WHERE t.key = p_key FOR NO KEY UPDATE;
    END IF;
    v_wait := greatest(0, b.blocked_until - v_now) / 1000.0;
    v_rate := coalesce(b.rate, p_rate);
    IF v_rate IS NULL THEN
        RETURN v_wait;
    END IF;
    v_level := sluiceway.bucket_level(
        v_now, b.level, b.levelled_at, v_rate, coalesce(b.burst, p_burst)) - p_count;
    UPDATE sluiceway.token_buckets t SET level = v_level, levelled_at = v_now WHERE t.key = p_key;
    RETURN v_wait + greatest(0, -v_level / v_rate);
END
$$;

-- p_blocked_for is in milliseconds from now.
CREATE OR REPLACE FUNCTION sluiceway.learn_limit (
    p_key text, p_rate double precision, p_burst double precision, p_remaining double precision,
    p_blocked_for bigint, p_clock bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint := sluiceway.now_ms(p_clock);
    b sluiceway.token_buckets%ROWTYPE;
BEGIN
    INSERT INTO sluiceway.token_buckets
        VALUES (p_key, NULL, NULL, coalesce(p_burst, 1), v_now, 0) ON CONFLICT DO NOTHING;
    SELECT * INTO b FROM sluiceway.token_buckets t WHERE t.key = p_key FOR NO KEY UPDATE;
    b.rate := coalesce(p_rate, b.rate);
    b.burst := coalesce(p_burst, b.burst);
    IF b.rate IS NOT NULL THEN
        b.level := sluiceway.bucket_level(
            v_now, b.level, b.levelled_at, b.rate, coalesce(b.burst, b.level));
        b.levelled_at := v_now;
    END IF;
    IF p_remaining IS NOT NULL THEN
        b.level := least(b.level, p_remaining);
        b.levelled_at := v_now;
    END IF;
    IF p_blocked_for IS NOT NULL THEN
        b.blocked_until := greatest(b.blocked_until, v_now + p_blocked_for);
    END IF;
    UPDATE sluiceway.token_buckets t SET rate = b.rate, burst = b.burst, level = b.level,
        levelled_at = b.levelled_at, blocked_until = b.blocked_until WHERE t.key = p_key;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.put_keys (
    p_seq bigint, p_kind text, p_names text[], p_values text[], p_unique boolean[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. coalesce(array_length(p_names, 1), 0) LOOP
        BEGIN
            INSERT INTO sluiceway.document_keys
                VALUES (p_seq, i, p_kind, p_names[i], p_values[i], p_unique[i]);
        EXCEPTION WHEN unique_violation THEN
            RAISE SQLSTATE 'SW002' USING MESSAGE = p_names[i];
        END;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.insert_document (
    p_kind text, p_id text, p_version integer, p_created_at bigint, p_updated_at bigint,
    p_body text, p_secret bytea, p_names text[], p_values text[], p_unique boolean[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
BEGIN
    INSERT INTO sluiceway.documents
            (kind, id, version, created_at, updated_at, body, secret)
        VALUES (p_kind, p_id, p_version, p_created_at, p_updated_at, p_body, p_secret)
        ON CONFLICT DO NOTHING RETURNING seq INTO v_seq;
    IF v_seq IS NULL THEN
        RAISE SQLSTATE 'SW002' USING MESSAGE = 'id';
    END IF;
    PERFORM sluiceway.put_keys(v_seq, p_kind, p_names, p_values, p_unique);
END
$$;

CREATE OR REPLACE FUNCTION sluiceway.replace_document (
    p_kind text, p_id text, p_version integer, p_updated_at bigint, p_body text, p_secret bytea,
    p_names text[], p_values text[], p_unique boolean[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
BEGIN
    UPDATE sluiceway.documents d SET
        version = p_version, updated_at = p_updated_at, body = p_body, secret = p_secret
        WHERE d.kind = p_kind AND d.id = p_id AND d.version = p_version - 1
        RETURNING d.seq INTO v_seq;
    IF v_seq IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM sluiceway.document_keys k WHERE k.document_seq = v_seq;
    PERFORM sluiceway.put_keys(v_seq, p_kind, p_names, p_values, p_unique);
    RETURN true;
END
$$;
