-- What was noted stays as it was noted. Only what is over a day old may go, for the retention.
CREATE FUNCTION sluiceway.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND abs(OLD.at - extract(epoch FROM now()) * 1000) >= 86400000
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END;
$$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON sluiceway.audit_log
    FOR EACH ROW EXECUTE FUNCTION sluiceway.refuse_audit_change();
