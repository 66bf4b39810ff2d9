-- What was noted stays as it was noted. Only what is over a day old may go, for the retention.
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_is_not_cut BEFORE DELETE ON audit_log
WHEN abs(OLD.at - strftime('%s', 'now') * 1000) < 86400000
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
