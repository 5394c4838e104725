// Shapes of what the console holds and receives. Ambient: store.js refers to this file once, every module may name them.
// Times are ISO 8601 strings, ids are strings, missing values are null.

/** The service worker's, put before its text by the node. */
declare const VERSION: string;
declare const SHELL: string[];

interface CallView {
  id: string; centre: string; home: string; term: number; spilled_to: string; line: string; state: "ringing" | "answered" | "held" | "ended" | "lost";
  number: string; caller_name: string; note: string;
  lon: number | null; lat: number | null; accuracy_m: number | null; county: string | null;
  incident: string | null; seat: string; user: string;
  rang_at: string; answered_at: string | null; held_at: string | null; ended_at: string | null;
  called_back_at: string | null; outcome: string; alarm: string | null;
}

interface DeliveryView { id: string; medium: string; state: "owed" | "sent" | "failed" | "receipted"; detail: string }

type AssignmentState = "reserved" | "alarmed" | "en_route" | "on_scene" | "transporting" | "at_hospital" | "ended";

interface AssignmentView {
  id: string; unit: string; state: AssignmentState; why: string; eta_seconds: number | null; taken_from: string | null;
  hospital: string | null; times: Record<string, string | null>; end_reason: string; deliveries: DeliveryView[];
}

interface TimerView {
  id: string; kind: string; subject: string; unit: string | null; due_at: string;
  fired_at: string | null; seen_at: string | null; seen_by: string;
}

interface IncidentView {
  id: string; number: string; centre: string; home: string; term: number; state: "open" | "closed" | "merged"; exercise: boolean;
  keyword: string | null; keyword_name: string | null; group: string | null; priority: number;
  place: string; place_id: string; place_detail: string; municipality: string;
  county: string | null; county_name: string | null; county_how: string; lon: number | null; lat: number | null;
  report: string; caller_name: string; caller_number: string; interview: InterviewRecord[];
  appointment_at: string | null; hospital: string | null;
  opened_at: string; opened_by: string; call_received_at: string | null; call_answered_at: string | null;
  keyword_set_at: string | null; dispatch_decided_at: string | null; closed_at: string | null; outcome: string;
  merged_into: string | null; split_from: string | null;
  edits: Record<string, { by: string; at: string }>;
  assignments: AssignmentView[]; timers: TimerView[];
}

interface InterviewRecord { tree?: string; answers?: { question: string; text: string }[]; question?: string; text?: string }

interface UnitLive {
  id: string; status: number; since: string; overlay: number | null; overlay_since: string | null; note: string;
  source: string; cover: string | null; incident: string | null; assignment: string | null; reserved_for: string | null;
}

interface UnitMaster {
  id: string; name: string; short: string; type: string; station: string; capabilities: string[]; crew: string;
  opta: string; issi: string; example: boolean;
}

interface Position { lon: number; lat: number; at: string; speed: number | null; heading: number | null }

interface LogLine {
  pos: number; incident: string; at: string; who: string; seat: string; centre: string; type: string; text: string;
  late_term: boolean;
}

/** Who holds a centre ("centre:jena") or a county ("county:16076") of another. */
interface MandateView {
  scope: string; centre: string; holder: string; state: "requested" | "held" | "returning"; term: number;
  partner: string; reason: string; requested_at: string | null; requested_by: string; taken_at: string | null;
  alone: boolean; silent_seconds: number | null; signatures: { id: string; name: string; centre: string }[];
}

/** `partner` stands in for `centre`. */
interface AgreementView {
  id: string; centre: string; partner: string; silent_seconds: number; signatures: 1 | 2; dispatcher_may: boolean;
  automatic_seconds: number | null; spill_seconds: number | null;
}

interface CentreRow { id: string; name: string; code: string; home?: boolean; example?: boolean }
interface CountyRow { id: string; name: string; centre: string | null; codes: string[]; example: boolean }
interface StationRow {
  id: string; name: string; kind: string; organisation: string; county: string; lon: number; lat: number;
  volunteer?: boolean; example?: boolean;
}
interface UnitTypeRow { id: string; name: string; branch: string; order: number; airborne?: boolean }
interface KeywordRow {
  id: string; name: string; group: string; priority: number; lights?: boolean; synonyms: string[]; hint: string;
  example?: boolean;
}
interface HospitalRow { id: string; name: string; departments: string[]; example: boolean; lon: number; lat: number }
interface SeatRow { id: string; name: string; centre: string; phone?: string }
interface TreeRow { id: string; name: string; nodes: TreeNode[] }
interface TreeNode {
  id: string; question: string; question_en?: string; hint?: string;
  guide?: { metronome?: number; lines: string[] }; answers: TreeAnswer[];
}
interface TreeAnswer {
  id: string; text: string; next?: string | null; keyword?: string | null; priority?: number | null;
  prealarm?: boolean; instruction?: string;
}

interface Master {
  centres: Record<string, CentreRow>; counties: Record<string, CountyRow>; stations: Record<string, StationRow>;
  units: Record<string, UnitMaster>; unit_types: Record<string, UnitTypeRow>; keywords: Record<string, KeywordRow>;
  hospitals: Record<string, HospitalRow>; seats: Record<string, SeatRow>; trees: Record<string, TreeRow>;
}

/** `centres`: whose work is done at this seat (none: of all); a guest at another node does that node's as well. */
interface Me { user: string; name: string; seat: string; centre: string; centres: string[]; roles: string[] }
interface Occupied { user: string; since: string }
interface PresenceMark { seat: string; name: string; field: string | null }

/** A node of the network as a browser reaches it; the own one has no address, it is where the page comes from. */
interface NodeView { id: string; name: string; url: string; sockets_url: string; centres: string[] }
/** How far a node has each origin's chain, by incarnation. */
interface Alive { node: string; pos: number; have: Record<string, Record<string, number>> }

/** Without the master data where the console has them already, see `master_mark`. */
interface Snapshot {
  pos: number; now: string; me: Me; node: string; sockets_url: string; master?: Master; master_mark?: string;
  nodes?: NodeView[]; token?: string; token_seconds?: number;
  calls: Record<string, CallView>; incidents: Record<string, IncidentView>; units: Record<string, UnitLive>;
  positions: Record<string, Position>; seats: Record<string, Occupied | null>; unknown: Record<string, UnknownSender>;
  mandates: Record<string, MandateView>; agreements: Record<string, AgreementView>;
  conflicts: Record<string, ConflictView>; drills: Record<string, DrillView>;
}

interface Frame {
  t: "frame"; pos: number; at: string;
  calls?: Record<string, CallView | null>; incidents?: Record<string, IncidentView | null>;
  units?: Record<string, UnitLive | null>; seats?: Record<string, Occupied | null>;
  unknown?: Record<string, UnknownSender | null>;
  mandates?: Record<string, MandateView | null>; agreements?: Record<string, AgreementView | null>;
  conflicts?: Record<string, ConflictView | null>; drills?: Record<string, DrillView | null>;
  master?: Partial<Record<keyof Master, Record<string, any>>>; log?: LogLine[];
}

interface ConflictSide {
  who: string; centre: string; at: string; seen: string; value: string;
  incident: string | null; number: string; assignment: string | null;
}

interface ConflictView {
  id: string; kind: "field" | "commitment" | "closed" | "call" | "master" | "number"; title: string; aggregate: string;
  incidents: string[]; field: string; unit: string; sides: ConflictSide[]; centres: string[];
  found_at: string; signed_at: string | null; signed_by: string; choice: number | null; reason: string;
}

interface DrillView {
  id: string; centre: string; partner: string; call: string; started_at: string; started_by: string;
  accepted_at: string | null; accepted_by: string; answered_at: string | null; answered_by: string;
  finished_at: string | null; note: string; aborted: boolean;
  seconds: { to_accept: number | null; to_answer: number | null; total: number | null };
  technical: { rtt_ms: number | null; secured_ms: number | null; snapshot_ms: number | null };
}

interface LinkView {
  peer: string; name: string; centres: string[]; state: "up" | "down" | "catching_up" | "never"; since: string;
  heard_at: string | null; lag_entries: number; behind_entries: number; lag_seconds: number; clock_ms: number | null;
  rtt_ms: number | null; secured_pos: number; shared: boolean; error: string; version: string;
}

interface ReadinessPart { name: string; ok: boolean; value: number | string | null; limit: number | string; weight: number; why: string }

interface ReadinessView {
  score: number; partner: string | null; parts: ReadinessPart[]; at: string;
  partners: { partner: string; score: number; parts: ReadinessPart[] }[];
}

type ServerMessage =
  | Frame
  | { t: "positions"; units: Record<string, Position> }
  | { t: "beat"; pos: number; now: string }
  | { t: "up-to-date"; pos: number }
  | { t: "must-refetch" }
  | { t: "links"; links: LinkView[]; secured: number; readiness: ReadinessView | null; quarantined: number }
  | { t: "presence"; incidents: Record<string, PresenceMark[]> };

/** What the store holds: a snapshot without the person and the addresses. */
interface ConsoleState {
  pos: number; master: Master; calls: Record<string, CallView>; incidents: Record<string, IncidentView>;
  units: Record<string, UnitLive>; positions: Record<string, Position>; seats: Record<string, Occupied>;
  unknown: Record<string, UnknownSender>;
  mandates: Record<string, MandateView>; agreements: Record<string, AgreementView>;
  conflicts: Record<string, ConflictView>; drills: Record<string, DrillView>;
}

interface UnknownSender {
  id: string; kind: string; identifier: string; first_heard: string; last_heard: string; count: number; message: string;
}

type Topic = "calls" | "incidents" | "units" | "positions" | "seats" | "unknown" | "mandates" | "conflicts" | "drills" | "master" | "log" | "presence" | "link" | "ui";

interface Answer {
  ok: boolean; pos?: number; safety?: string; result: Record<string, any>;
  refused?: string; reason?: string; detail: Record<string, any>;
}

interface PlaceHit {
  id: string; name: string; kind: string; municipality: string; county: string | null; county_name?: string;
  lon: number; lat: number; example: boolean; score?: number;
}
interface IncidentHit { id: string; number: string; keyword: string | null; place: string; state: string; opened_at: string }
interface SearchAnswer { places: PlaceHit[]; incidents: IncidentHit[]; units: { id: string }[]; keywords: { id: string }[] }

interface ProposedUnit {
  unit: string; name: string; short: string; type: string; station: string; county: string; eta_seconds: number;
  distance_m: number; turnout_seconds: number; position_age_seconds: number | null; position_source: string;
  example: boolean; why: string; committed_to: { incident: string; number: string } | null; conditional?: boolean;
}
interface ProposalSlot {
  need: string; name?: string; count: number; needed?: number; must: boolean; filled: ProposedUnit[]; missing: number;
  present?: { unit: string; name: string; short: string }[]; alternatives?: ProposedUnit[];
}
interface PassedOver { unit: string; name: string; short: string; why: string; eta_seconds: number | null; distance_m: number | null }
interface Proposal {
  keyword: string; plans: { id: string; name: string; example: boolean }[]; slots: ProposalSlot[];
  gaps: { need: string; missing: number; text: string }[]; passed_over: PassedOver[]; complete: boolean; text: string;
}

interface NearbyIncident {
  id: string; number: string; keyword: string | null; place: string; distance_m: number | null; opened_at: string; why: string;
}
interface NearbyAnswer { incidents: NearbyIncident[]; calls: CallView[] }
