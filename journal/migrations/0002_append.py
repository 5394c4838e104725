"""The SQL side of the write path: one round trip numbers, chains and stores all entries of a command."""

from django.db import migrations

# The chain covers identity, clock, parent and body, so none of them can be changed or swapped later.
HASH = """
CREATE FUNCTION journal_hash(prev bytea, origin text, incarnation int, seq bigint, hlc bigint, parent bytea, body text)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(prev || convert_to(
        '|' || origin || '|' || incarnation || '|' || seq || '|' || hlc || '|'
        || coalesce(encode(parent, 'hex'), '') || '|' || body, 'UTF8'))
$$
"""

# The advisory lock goes first: it ends the convoy on the counter row that forms with many writers.
APPEND = """
CREATE FUNCTION journal_append(
    p_origin text, p_command uuid, p_entries jsonb, p_name text, p_actor text, p_result text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count int := jsonb_array_length(p_entries);
    v_pos bigint; v_hlc bigint; v_seq bigint; v_incarnation int; v_prev bytea; v_hash bytea; v_parent bytea;
    v_now timestamptz; e jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(112112);
    v_now := clock_timestamp();
    INSERT INTO journal_position AS p (id, pos, hlc)
    VALUES (1, v_count, (extract(epoch FROM v_now) * 1000000)::bigint + v_count)
    ON CONFLICT (id) DO UPDATE SET pos = p.pos + v_count, hlc = greatest(excluded.hlc, p.hlc + 1 + v_count)
    RETURNING p.pos - v_count, p.hlc - v_count INTO v_pos, v_hlc;
    SELECT incarnation, seq, hash INTO v_incarnation, v_seq, v_prev FROM journal_chain
     WHERE origin = p_origin ORDER BY incarnation DESC LIMIT 1;
    IF NOT FOUND THEN
        v_incarnation := 1; v_seq := 0; v_prev := sha256(convert_to(p_origin, 'UTF8'));
        INSERT INTO journal_chain (origin, incarnation, seq, hash) VALUES (p_origin, 1, 0, v_prev);
    END IF;
    FOR e IN SELECT * FROM jsonb_array_elements(p_entries) LOOP
        v_pos := v_pos + 1; v_seq := v_seq + 1; v_hlc := v_hlc + 1;
        SELECT head_hash INTO v_parent FROM journal_aggregate WHERE kind = e->>'kind' AND ident = e->>'ident';
        v_hash := journal_hash(v_prev, p_origin, v_incarnation, v_seq, v_hlc, v_parent, e->>'body');
        INSERT INTO journal_entry (pos, origin, incarnation, seq, hlc, parent, prev_hash, hash, type,
                                   aggregate_kind, aggregate_id, command_id, body, stored_at)
        VALUES (v_pos, p_origin, v_incarnation, v_seq, v_hlc, v_parent, v_prev, v_hash, e->>'type',
                e->>'kind', e->>'ident', p_command, e->>'body', v_now);
        INSERT INTO journal_aggregate (kind, ident, head_hash, head_hlc, head_origin)
        VALUES (e->>'kind', e->>'ident', v_hash, v_hlc, p_origin)
        ON CONFLICT (kind, ident) DO UPDATE
           SET head_hash = excluded.head_hash, head_hlc = excluded.head_hlc, head_origin = excluded.head_origin;
        v_prev := v_hash;
    END LOOP;
    UPDATE journal_chain SET seq = v_seq, hash = v_prev WHERE origin = p_origin AND incarnation = v_incarnation;
    IF p_command IS NOT NULL THEN
        INSERT INTO journal_receipt (command_id, name, actor_id, answer, created_at)
        VALUES (p_command, p_name, p_actor,
                '{"pos":' || v_pos || ',"safety":"stored","result":' || p_result || '}', v_now);
    END IF;
    RETURN v_pos;
END $$
"""

# Append-only is a property of the table, not a promise of the code.
APPEND_ONLY = """
CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]
    operations = [
        migrations.RunSQL(HASH, "DROP FUNCTION journal_hash"),
        migrations.RunSQL(APPEND, "DROP FUNCTION journal_append"),
        migrations.RunSQL(
            APPEND_ONLY, "DROP TRIGGER journal_entry_append_only ON journal_entry; DROP FUNCTION journal_refuse"
        ),
    ]
