-- What providers report about a message after they took it.
ALTER TABLE outbox ADD COLUMN delivery TEXT;
ALTER TABLE outbox ADD COLUMN reports TEXT NOT NULL DEFAULT '[]';
CREATE INDEX outbox_by_receipt ON outbox (receipt) WHERE receipt IS NOT NULL;
