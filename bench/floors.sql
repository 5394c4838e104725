-- The rows of one command by one function, in a copy of the measured database: the least that must be written.
-- Columns that the application fills with constants are constants here too; sizes of bodies match those recorded.

CREATE FUNCTION bench_entry(kind text, ident text, name text, size int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('type', name, 'kind', kind, 'ident', ident, 'body', repeat('x', size))
$$;

CREATE FUNCTION bench_create() RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_id uuid := gen_random_uuid(); v_serial int; v_pos bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(112113);
    SELECT coalesce(max(serial), 0) + 1 INTO v_serial FROM incidents_incident
     WHERE numbered_by = 'jena' AND origin = 'jena' AND year = 2026;
    INSERT INTO incidents_incident (
        id, number, home, term, origin, numbered_by, year, serial, state, exercise, priority, place, place_id, place_detail,
        municipality, county_how, point, report, caller_name, caller_number, interview, opened_at, opened_by, keyword_set_at,
        outcome, edits, centre_id, county_id, keyword_id)
    VALUES (
        v_id, 'J-2026-' || v_serial, 'jena', 1, 'jena', 'jena', 2026, v_serial, 'open', false, 1, 'Jena, Holzmarkt 1', '', '', '',
        'inside', ST_SetSRID(ST_MakePoint(11.5899 + random() / 100, 50.9277), 4326), repeat('Brustschmerz ', 6),
        'Beispiel', '+493641123456', '[]', now(), 'Disposition', now(), '', '{}', 'jena', '16053', 'RD2');
    INSERT INTO journal_key (subject, maker, secret) VALUES ('incident:' || v_id, 'jena', decode(repeat('00', 32), 'hex'));
    v_pos := journal_append('jena', gen_random_uuid(),
        jsonb_build_array(bench_entry('incident', v_id::text, 'incident.opened', 1000)), 'incident.open',
        'user:bench', '{}');
    RETURN '{"pos":' || v_pos || ',"safety":"stored","result":{"incident":"' || v_id || '"}}';
END $$;

CREATE FUNCTION bench_alarm() RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_id uuid; v_units text[]; v_pos bigint;
BEGIN
    SELECT id INTO v_id FROM incidents_incident WHERE state = 'open' ORDER BY opened_at DESC LIMIT 1
       FOR NO KEY UPDATE;
    SELECT array_agg(id) INTO v_units FROM (
        SELECT id FROM resources_unit OFFSET floor(random() * 10) LIMIT 3 FOR NO KEY UPDATE) u;
    -- The room is made free again, so that the next alarm finds what this one found.
    UPDATE incidents_assignment SET ended_at = now() WHERE unit_id = ANY (v_units) AND ended_at IS NULL;
    UPDATE incidents_incident SET dispatch_decided_at = now() WHERE id = v_id;
    WITH a AS (
        INSERT INTO incidents_assignment (id, state, why, eta_seconds, alarmed_at, end_reason, unconfirmed, unit_id,
                                          incident_id)
        SELECT gen_random_uuid(), 'alarmed', '', 240, now(), '', false, u, v_id FROM unnest(v_units) u
        RETURNING id, unit_id),
    d AS (
        INSERT INTO incidents_alarmdelivery (id, assignment_id, medium, state, text, owed_at, detail, unit_id,
                                             incident_id)
        SELECT gen_random_uuid(), a.id, m, 'owed', repeat('Alarmtext ', 20), now(), '', a.unit_id, v_id
          FROM a, unnest(ARRAY['log', 'station']) m)
    INSERT INTO incidents_timer (id, kind, aggregate_id, subject, due_at, seen_by, centre_id)
    SELECT gen_random_uuid(), k, v_id, a.id::text, now() + interval '1 hour', '', 'jena'
      FROM a, unnest(ARRAY['no_receipt', 'no_status_3']) k;
    v_pos := journal_append('jena', gen_random_uuid(),
        jsonb_build_array(bench_entry('incident', v_id::text, 'incident.units_alarmed', 1600)), 'incident.alarm',
        'user:bench', '{}');
    RETURN '{"pos":' || v_pos || ',"safety":"stored","result":{"assignments":[]}}';
END $$;

CREATE FUNCTION bench_status() RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_unit text; v_assignment uuid; v_incident uuid; v_pos bigint;
BEGIN
    SELECT id INTO v_unit FROM resources_unit OFFSET floor(random() * 10) LIMIT 1 FOR NO KEY UPDATE;
    SELECT id, incident_id INTO v_assignment, v_incident FROM incidents_assignment
     WHERE unit_id = v_unit AND ended_at IS NULL LIMIT 1;
    INSERT INTO resources_unitstate (unit_id, status, since, note, source) VALUES (v_unit, 3, now(), '', 'radio')
        ON CONFLICT (unit_id) DO UPDATE SET status = 3, since = now(), source = 'radio';
    UPDATE incidents_assignment SET state = 'en_route', en_route_at = now() WHERE id = v_assignment;
    DELETE FROM incidents_timer WHERE subject = v_assignment::text AND aggregate_id = v_incident;
    v_pos := journal_append('jena', gen_random_uuid(), jsonb_build_array(
        bench_entry('unit_state', v_unit, 'unit.status_reported', 420),
        bench_entry('incident', coalesce(v_incident, gen_random_uuid())::text, 'incident.unit_progressed', 560)),
        'unit.report_status', 'device:radio', '{}');
    RETURN '{"pos":' || v_pos || ',"safety":"stored","result":{"unit":"' || v_unit || '"}}';
END $$;

-- Reads: the same rows as one JSON text.
CREATE FUNCTION bench_list() RETURNS text LANGUAGE sql AS $$
    SELECT json_agg(t)::text FROM (
        SELECT i.id, number, centre_id, state, exercise, keyword_id, priority, place, municipality, county_id,
               opened_at, closed_at, outcome FROM incidents_incident i
         WHERE state = 'open' ORDER BY opened_at DESC LIMIT 50) t
$$;

CREATE FUNCTION bench_board() RETURNS text LANGUAGE sql AS $$
    SELECT json_agg(t)::text FROM (
        SELECT s.*, a.incident_id, a.id AS assignment FROM resources_unitstate s
          LEFT JOIN incidents_assignment a ON a.unit_id = s.unit_id AND a.ended_at IS NULL) t
$$;

CREATE FUNCTION bench_search() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(json_agg(t)::text, '[]') FROM (
        SELECT id, name, kind, municipality_name, county_id, ST_X(point), ST_Y(point), example FROM resources_place
         WHERE search %> 'stadtroda bahnhofstr' ORDER BY search <->> 'stadtroda bahnhofstr' LIMIT 12) t
$$;
