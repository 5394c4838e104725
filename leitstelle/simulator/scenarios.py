"""What callers call about: invented, typical cases with what a dispatcher will make of them. Pure."""

# A table is read by its lines.
# ruff: noqa: E501
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of call.

    weight: share among all calls; keyword: what a trained dispatcher opens, empty if no incident comes of it, then
    ``outcome`` says what does; reports: what callers say; witnesses: how many others call about the same, at most;
    minutes: at the scene, least and most; transport: how often a patient goes to hospital; spots: kinds of place.
    """

    key: str
    weight: float
    keyword: str
    reports: tuple[str, ...]
    line: str = "112"
    outcome: str = ""
    witnesses: int = 0
    minutes: tuple[int, int] = (12, 25)
    transport: float = 0.0
    spots: tuple[str, ...] = ("street", "settlement")


HOME: Final = ("street", "settlement")
ROAD: Final = ("street", "motorway_km", "settlement")
CARE: Final = ("object", "street")

SCENARIOS: Final = (
    # --- rescue service ------------------------------------------------------------------------------------------
    Scenario("chest", 4.5, "RD-ACS", ("Mann, 64, Druck auf der Brust seit einer halben Stunde, blass", "Frau, 71, Brustschmerz, strahlt in den Arm aus"), transport=0.85, spots=HOME),
    Scenario("breath", 4.5, "RD-Luft", ("Frau, 78, bekommt kaum Luft, bekannte COPD", "Kind, 9, Asthmaanfall, Spray hilft nicht"), transport=0.8, spots=HOME),
    Scenario("stroke", 3.0, "RD-Schlag", ("Mann, 69, spricht verwaschen, Mundwinkel hängt", "Frau, 82, rechter Arm gelähmt seit dem Aufstehen"), transport=0.95, spots=CARE),
    Scenario("arrest", 0.9, "RD-REA", ("Ehemann zusammengebrochen, atmet nicht", "Person liegt leblos auf dem Gehweg"), minutes=(25, 45), transport=0.5, witnesses=1),
    Scenario("unconscious", 3.0, "RD2", ("Person bewusstlos, atmet", "Junge Frau krampft am ganzen Körper", "Mann, 55, zuckerkrank, nicht ansprechbar"), transport=0.75),
    Scenario("fall", 8.0, "RD1", ("Frau, 84, gestürzt, Hüfte schmerzt", "Mann von der Leiter gefallen, Fuß verdreht", "Kopfplatzwunde nach Sturz"), transport=0.8, spots=CARE),
    Scenario("belly", 5.0, "RD1", ("Starke Bauchschmerzen, Erbrechen", "Fieber, sehr schwach, liegt im Bett", "Kreislauf, schwarz vor Augen"), transport=0.7, spots=HOME),
    Scenario("trauma", 1.2, "RD-Trauma", ("Kreissäge, Finger ab, blutet stark", "Sturz vom Gerüst aus drei Metern"), transport=0.9),
    Scenario("child", 1.5, "RD-Kind", ("Säugling, 8 Monate, Fieberkrampf", "Kind, 3, hat etwas verschluckt"), transport=0.8, spots=HOME),
    Scenario("birth", 0.3, "RD-Geburt", ("Fruchtblase geplatzt, Wehen alle drei Minuten",), transport=1.0, spots=HOME),
    Scenario("intox", 1.5, "RD-Vergift", ("Junger Mann, viel Alkohol, kaum weckbar", "Tabletten eingenommen, Frau, 40"), transport=0.85),
    Scenario("psych", 1.2, "RD-Psych", ("Mann sehr unruhig, redet wirr", "Tochter sagt, sie will nicht mehr leben"), transport=0.6, spots=HOME),
    Scenario("allergy", 0.4, "RD-Allergie", ("Wespenstich, Gesicht schwillt an, Luftnot",), transport=0.8),
    Scenario("alarm_button", 2.0, "RD-HN", ("Hausnotruf ausgelöst, keine Antwort", "Hausnotruf: gestürzt, kommt nicht hoch"), line="hausnotruf", transport=0.4, spots=HOME),
    Scenario("transfer", 0.6, "RD-Verlegung", ("Verlegung mit Notarzt, Herzkatheter",), line="19222", transport=1.0, spots=("hospital",), minutes=(20, 35)),
    # --- patient transport ---------------------------------------------------------------------------------------
    Scenario("transport", 26.0, "KTP", ("Einweisung in die Klinik, liegend", "Entlassung nach Hause, Tragestuhl", "Fahrt zur Untersuchung und zurück"), line="19222", transport=1.0, spots=("object", "street", "hospital"), minutes=(8, 20)),
    # --- fire and technical rescue -------------------------------------------------------------------------------
    Scenario("smoke_alarm", 0.5, "B-RWM", ("Rauchmelder piept in der Nachbarwohnung, niemand öffnet",), spots=HOME, minutes=(15, 30)),
    Scenario("fire_panel", 0.9, "B-BMA", ("Brandmeldeanlage ausgelöst, Melder 12/3",), line="bma", spots=("object",), minutes=(15, 30)),
    Scenario("kitchen", 0.4, "B2", ("Rauch aus einem Fenster im zweiten Stock", "Küche brennt, alle draußen"), witnesses=3, minutes=(40, 90), spots=HOME),
    Scenario("house", 0.12, "B3", ("Dachstuhl brennt, Flammen zu sehen",), witnesses=5, minutes=(120, 240), spots=HOME),
    Scenario("bin", 0.4, "B1", ("Mülltonne brennt", "Hecke brennt am Gartenzaun"), witnesses=1, minutes=(15, 30)),
    Scenario("car_fire", 0.25, "B-Kfz", ("Auto brennt auf dem Standstreifen", "Pkw raucht aus dem Motorraum"), witnesses=3, spots=ROAD, minutes=(25, 45)),
    Scenario("field", 0.15, "B-Wald1", ("Böschung brennt neben der Straße",), witnesses=2, spots=ROAD, minutes=(30, 60)),
    Scenario("crash", 1.4, "H-VU", ("Auffahrunfall, zwei Verletzte", "Motorradfahrer gestürzt, Beinschmerzen", "Auto im Graben, Fahrer ansprechbar"), witnesses=3, spots=ROAD, transport=0.7, minutes=(20, 45)),
    Scenario("trapped", 0.2, "H-VU-K", ("Auto gegen Baum, Fahrer eingeklemmt",), witnesses=4, spots=ROAD, transport=0.9, minutes=(40, 80)),
    Scenario("door", 0.9, "H-Tür", ("Nachbarin seit gestern nicht gesehen, Licht brennt", "Person hinter der Tür ruft um Hilfe"), spots=HOME, transport=0.5),
    Scenario("carry", 0.5, "H-Trage", ("Rettungsdienst braucht Tragehilfe, dritter Stock",), line="intern", spots=HOME, minutes=(15, 25)),
    Scenario("oil", 0.6, "H-Öl", ("Ölspur über mehrere hundert Meter",), line="110", spots=ROAD, minutes=(30, 70)),
    Scenario("tree", 0.6, "H-Baum", ("Baum liegt quer über der Straße", "Großer Ast droht auf den Gehweg zu fallen"), witnesses=1, spots=ROAD, minutes=(20, 45)),
    Scenario("water", 0.3, "H-Keller", ("Wasserrohrbruch, Keller läuft voll",), spots=HOME, minutes=(30, 60)),
    Scenario("lift", 0.2, "H-Aufzug", ("Zwei Personen stecken im Aufzug",), spots=("object", "street"), minutes=(15, 30)),
    Scenario("gas", 0.15, "ABC-Gas", ("Gasgeruch im Treppenhaus",), spots=HOME, minutes=(30, 60)),
    Scenario("ecall", 0.2, "H-eCall", ("Automatischer Notruf, Airbag ausgelöst, keine Sprachantwort",), line="ecall", spots=("motorway_km", "street"), minutes=(10, 30), transport=0.3),
    Scenario("animal", 0.2, "H-Tier", ("Katze seit zwei Tagen auf dem Baum",), spots=HOME, minutes=(20, 40)),
    # --- nothing to send -----------------------------------------------------------------------------------------
    Scenario("doctor", 8.0, "", ("Rezept fehlt, Arztpraxis geschlossen", "Erkältung seit drei Tagen"), outcome="transferred"),
    Scenario("question", 7.0, "", ("Welche Apotheke hat Dienst?", "Ist das Freibad offen?"), outcome="advice"),
    Scenario("pocket", 6.0, "", ("Niemand spricht, Gesprächsfetzen im Hintergrund",), outcome="silent"),
    Scenario("wrong", 3.0, "", ("Oh, verwählt, Entschuldigung",), outcome="wrong_number"),
    Scenario("misuse", 1.2, "", ("Kinder lachen und legen auf",), outcome="misuse"),
)  # fmt: skip

STORM: Final = (
    Scenario("storm_tree", 40, "H-Baum", ("Baum auf der Straße", "Baum auf einem Auto, niemand drin", "Ast hängt über dem Gehweg"), witnesses=2, minutes=(20, 45)),
    Scenario("storm_cellar", 30, "H-Keller", ("Keller läuft voll", "Wasser drückt aus dem Gully in die Garage"), spots=HOME, minutes=(30, 60)),
    Scenario("storm_roof", 14, "S-Unwetter", ("Dachziegel fallen auf die Straße", "Dach halb abgedeckt, Plane gesucht"), spots=HOME, minutes=(30, 60)),
    Scenario("storm_hurt", 6, "RD1", ("Von einem Ast getroffen, Kopf blutet", "Auf nasser Treppe gestürzt"), transport=0.7),
    Scenario("storm_crash", 4, "H-VU", ("Auto gegen umgestürzten Baum", "Auffahrunfall im Starkregen"), witnesses=2, spots=ROAD, transport=0.6),
    Scenario("storm_person", 3, "H2", ("Auto steht im Wasser, Leute drin", "Person sitzt auf dem Autodach fest"), minutes=(20, 50)),
    Scenario("storm_question", 10, "", ("Wann kommt endlich jemand?", "Ist die Straße gesperrt?"), outcome="advice"),
)  # fmt: skip

BY_KEY: Final = {scenario.key: scenario for scenario in (*SCENARIOS, *STORM)}
