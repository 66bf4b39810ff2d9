-- Keyed by the execution's number, not its id: those that run together lie together, so that a
-- group of them writes a few pages and not one for each.
CREATE TABLE log_by_seq (
    execution_seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entries BLOB NOT NULL,
    sealed BLOB,
    PRIMARY KEY (execution_seq, position)
) STRICT, WITHOUT ROWID;
INSERT INTO log_by_seq
    SELECT e.seq, l.position, l.entries, l.sealed
    FROM executions e JOIN execution_log l ON l.execution_id = e.id
    ORDER BY e.seq, l.position;
DROP TABLE execution_log;
ALTER TABLE log_by_seq RENAME TO execution_log;
