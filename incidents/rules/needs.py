"""What units can be asked for by: the German names of capabilities. Types are master data and bring their own. Pure."""

from typing import Final

CAPABILITY_NAMES: Final = {
    "emergency_transport": "Rettungsmittel mit Transport",
    "transport": "Krankentransportmittel",
    "patient_care": "Patientenversorgung",
    "doctor": "Notarzt",
    "intensive_transport": "Intensivtransportmittel",
    "air": "Luftrettungsmittel",
    "incident_doctor": "Leitender Notarzt",
    "ems_command": "Organisatorischer Leiter",
    "first_response": "First Responder",
    "officer": "Führungsdienst",
    "command": "Einsatzleitwagen",
    "engine": "Löschgruppenfahrzeug",
    "first_attack": "Erstangriffsfahrzeug",
    "small_engine": "Kleinlöschfahrzeug",
    "rescue_set": "hydraulischer Rettungssatz",
    "water": "Fahrzeug mit viel Löschwasser",
    "water_tender": "Tanklöschfahrzeug",
    "foam": "Schaumlöschfahrzeug",
    "ladder": "Drehleiter",
    "heavy_rescue": "Rüstwagen",
    "hazmat": "Gefahrgutfahrzeug",
    "breathing": "Atemschutzfahrzeug",
    "logistics": "Logistikfahrzeug",
    "measuring": "Messfahrzeug",
    "decontamination": "Dekontaminationsfahrzeug",
    "swap_body": "Wechsellader",
    "personnel": "Mannschaftstransportfahrzeug",
    "boat": "Boot",
    "thw": "Technisches Hilfswerk",
    "water_rescue": "Wasserrettung",
    "height_rescue": "Höhen- und Bergrettung",
    "psychosocial": "Psychosoziale Notfallversorgung",
}


def need_name(need: str) -> str:
    """German name of a capability; a unit type stands for itself (RTW), as does a word nobody has named yet."""
    return CAPABILITY_NAMES.get(need, need)
