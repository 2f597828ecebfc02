#!/usr/bin/env python3
"""Makes the list of MAC prefixes and their makers that the server carries, from Debian's package ieee-data (IEEE's public listing).

    apt-get download ieee-data && dpkg-deb -x ieee-data_*.deb /tmp/ieee-data
    dev/Vendors/make-vendors.py /tmp/ieee-data/usr/share/ieee-data

One line per maker: its name, a tab, and its prefixes (6, 7 or 9 hexadecimal digits) parted by spaces; all of it gzipped.
"""

import csv
import gzip
import pathlib
import sys

TARGET = pathlib.Path(__file__).parents[2] / "src/Modules/Devices/NetPilot.Devices/Vendors/vendors.txt.gz"
# "Private" names nobody, and a block of the registration authority is divided among makers who stand in the other files.
NOBODY = {"Private", "IEEE Registration Authority"}


def main(folder: pathlib.Path) -> None:
    prefixes_by_maker: dict[str, list[str]] = {}
    for name in ("oui", "mam", "oui36", "iab"):
        with open(folder / f"{name}.csv", encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                maker = " ".join(row["Organization Name"].split())
                if maker and maker not in NOBODY:
                    prefixes_by_maker.setdefault(maker, []).append(row["Assignment"].upper())

    lines = [f"{maker}\t{' '.join(sorted(set(prefixes)))}\n" for maker, prefixes in sorted(prefixes_by_maker.items())]
    with open(TARGET, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write("".join(lines).encode())
    print(f"{len(lines)} makers, {TARGET.stat().st_size} bytes in {TARGET}")


main(pathlib.Path(sys.argv[1]))
