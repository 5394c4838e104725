"""What units can be asked for by: the German names of capabilities. Types are master data and bring their own. Pure."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CAPABILITY_NAMES: Final = {
    "emergency_transport": gettext_noop("Rettungsmittel mit Transport"),
    "transport": gettext_noop("Krankentransportmittel"),
    "patient_care": gettext_noop("Patientenversorgung"),
    "doctor": gettext_noop("Notarzt"),
    "intensive_transport": gettext_noop("Intensivtransportmittel"),
    "air": gettext_noop("Luftrettungsmittel"),
    "incident_doctor": gettext_noop("Leitender Notarzt"),
    "ems_command": gettext_noop("Organisatorischer Leiter"),
    "first_response": gettext_noop("First Responder"),
    "officer": gettext_noop("Führungsdienst"),
    "command": gettext_noop("Einsatzleitwagen"),
    "engine": gettext_noop("Löschgruppenfahrzeug"),
    "first_attack": gettext_noop("Erstangriffsfahrzeug"),
    "small_engine": gettext_noop("Kleinlöschfahrzeug"),
    "rescue_set": gettext_noop("hydraulischer Rettungssatz"),
    "water": gettext_noop("Fahrzeug mit viel Löschwasser"),
    "water_tender": gettext_noop("Tanklöschfahrzeug"),
    "foam": gettext_noop("Schaumlöschfahrzeug"),
    "ladder": gettext_noop("Drehleiter"),
    "heavy_rescue": gettext_noop("Rüstwagen"),
    "hazmat": gettext_noop("Gefahrgutfahrzeug"),
    "breathing": gettext_noop("Atemschutzfahrzeug"),
    "logistics": gettext_noop("Logistikfahrzeug"),
    "measuring": gettext_noop("Messfahrzeug"),
    "decontamination": gettext_noop("Dekontaminationsfahrzeug"),
    "swap_body": gettext_noop("Wechsellader"),
    "personnel": gettext_noop("Mannschaftstransportfahrzeug"),
    "boat": gettext_noop("Boot"),
    "thw": gettext_noop("Technisches Hilfswerk"),
    "water_rescue": gettext_noop("Wasserrettung"),
    "height_rescue": gettext_noop("Höhen- und Bergrettung"),
    "psychosocial": gettext_noop("Psychosoziale Notfallversorgung"),
}


def need_name(need: str) -> str:
    """Name of a capability for people; a unit type stands for itself (RTW), as does a word nobody has named yet."""
    return _(CAPABILITY_NAMES[need]) if need in CAPABILITY_NAMES else need
