// Shapes of what the console holds and receives. Ambient: store.js refers to this file once, every module may name them.
// Times are ISO 8601 strings, ids are strings, missing values are null.

/** The service worker's, put before its text by the node. */
declare const VERSION: string;
declare const SHELL: string[];

interface CallView {
  id: string; centre: string; line: string; state: "ringing" | "answered" | "held" | "ended" | "lost";
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
  id: string; number: string; centre: string; state: "open" | "closed" | "merged"; exercise: boolean;
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

interface Me { user: string; name: string; seat: string; centre: string; roles: string[] }
interface Occupied { user: string; since: string }
interface PresenceMark { seat: string; name: string; field: string | null }

/** A node of the network as a browser reaches it; the own one has no address, it is where the page comes from. */
interface NodeView { id: string; name: string; url: string; sockets_url: string; centres: string[] }
/** How far a node has each origin's chain, by incarnation. */
interface Alive { node: string; pos: number; have: Record<string, Record<string, number>> }

/** Without the master data where the console has them already, see `master_mark`. */
interface Snapshot {
  pos: number; now: string; me: Me; node: string; sockets_url: string; master?: Master; master_mark?: string;
  nodes?: NodeView[]; token?: string;
  calls: Record<string, CallView>; incidents: Record<string, IncidentView>; units: Record<string, UnitLive>;
  positions: Record<string, Position>; seats: Record<string, Occupied | null>; unknown: Record<string, UnknownSender>;
}

interface Frame {
  t: "frame"; pos: number; at: string;
  calls?: Record<string, CallView | null>; incidents?: Record<string, IncidentView | null>;
  units?: Record<string, UnitLive | null>; seats?: Record<string, Occupied | null>;
  unknown?: Record<string, UnknownSender | null>;
  master?: Partial<Record<keyof Master, Record<string, any>>>; log?: LogLine[];
}

type ServerMessage =
  | Frame
  | { t: "positions"; units: Record<string, Position> }
  | { t: "beat"; pos: number; now: string }
  | { t: "up-to-date"; pos: number }
  | { t: "must-refetch" }
  | { t: "presence"; incidents: Record<string, PresenceMark[]> };

/** What the store holds: a snapshot without the person and the addresses. */
interface ConsoleState {
  pos: number; master: Master; calls: Record<string, CallView>; incidents: Record<string, IncidentView>;
  units: Record<string, UnitLive>; positions: Record<string, Position>; seats: Record<string, Occupied>;
  unknown: Record<string, UnknownSender>;
}

interface UnknownSender {
  id: string; kind: string; identifier: string; first_heard: string; last_heard: string; count: number; message: string;
}

type Topic = "calls" | "incidents" | "units" | "positions" | "seats" | "unknown" | "master" | "log" | "presence" | "link" | "ui";

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
