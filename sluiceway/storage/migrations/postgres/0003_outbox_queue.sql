-- The outbox's rows become their own queue: all that Absurd's knew of a message stands in them.
DROP FUNCTION IF EXISTS sluiceway.put_message (
    text, text, text, text, text, text, bigint, text, bytea, bigint);
DROP FUNCTION IF EXISTS sluiceway.claim_messages (text, text, integer, integer, bigint, bigint);
DROP FUNCTION IF EXISTS sluiceway.beat_messages (text[], integer[], integer, bigint, bigint);
DROP FUNCTION IF EXISTS sluiceway.settle_message (
    text, integer, text, bigint, bigint, integer, text, text, bigint);
DROP FUNCTION IF EXISTS sluiceway.retry_message (text, bigint, bigint);
DROP FUNCTION IF EXISTS sluiceway.discard_message (text, bigint);
DROP FUNCTION IF EXISTS sluiceway.queue_of (text);
ALTER TABLE sluiceway.outbox DROP COLUMN task_id, DROP COLUMN run_id;
DROP INDEX sluiceway.outbox_by_readiness;
CREATE INDEX outbox_by_readiness ON sluiceway.outbox (queue, ready_at, seq)
    WHERE ready_at IS NOT NULL;
SELECT absurd.drop_queue('sluiceway_email');
SELECT absurd.drop_queue('sluiceway_sms');
SELECT absurd.drop_queue('sluiceway_call');
