#!/usr/bin/env python3
"""Converts the public telephone metadata into the two tables beside this script.

    pip install phonenumbers==9.0.43
    python3 convert_phone_metadata.py

`phone_time_zones.txt`: a number prefix and its time zones, one prefix a line, sorted as text. A prefix that only
repeats what its longest shorter prefix says is left out.
`phone_lengths.txt`: a country calling code and the possible lengths of the national number after it.

Both carry the version of the metadata in their first line. The program reads them at build time; nothing is
fetched when it runs.
"""

import pathlib

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

HERE = pathlib.Path(__file__).parent
SOURCE = f"# phonenumbers {phonenumbers.__version__} (libphonenumber metadata), Apache-2.0; see NOTICE"


def parent_zones(prefix):
    for length in range(len(prefix) - 1, 0, -1):
        if prefix[:length] in TIMEZONE_DATA:
            return TIMEZONE_DATA[prefix[:length]]
    return None


def time_zone_lines():
    for prefix, zones in sorted(TIMEZONE_DATA.items()):
        if parent_zones(prefix) != zones:
            # The metadata's own word for "nobody knows"; a prefix without zones says the same here.
            known = [zone for zone in zones if zone != "Etc/Unknown"]
            yield " ".join([prefix, *known])


def length_lines():
    codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE, key=str)
    for code in codes:
        region = phonenumbers.region_code_for_country_code(code)
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        lengths = sorted(length for length in metadata.general_desc.possible_length if length > 0)
        yield " ".join([str(code), *map(str, lengths)])


def write(name, lines):
    text = "\n".join([SOURCE, *lines]) + "\n"
    (HERE / name).write_text(text, encoding="ascii", newline="\n")


write("phone_time_zones.txt", time_zone_lines())
write("phone_lengths.txt", length_lines())
