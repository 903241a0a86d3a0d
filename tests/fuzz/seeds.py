#!/usr/bin/env python3
"""Seeds of the fuzzers, kept as one file a fuzzer: `seeds/FUZZER.hex` has one seed a line, in hex.

    seeds.py unpack FUZZER FOLDER   writes each seed into FOLDER, as a file named by its SHA-1
    seeds.py pack FUZZER FOLDER     makes the seeds of FUZZER anew from the files in FOLDER

Lines are sorted by the SHA-1 of the seed, so that the same seeds always give the same file.
"""
import hashlib
import pathlib
import sys


def sha1(seed):
    return hashlib.sha1(seed, usedforsecurity=False).hexdigest()


def unpack(packed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for line in packed.read_text().split("\n")[:-1]:
        seed = bytes.fromhex(line)
        (folder / sha1(seed)).write_bytes(seed)


def pack(packed, folder):
    seeds = {file.read_bytes() for file in folder.iterdir()}
    packed.write_text("".join(seed.hex() + "\n" for seed in sorted(seeds, key=sha1)))


def main():
    commands = {"unpack": unpack, "pack": pack}
    if len(sys.argv) != 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    _, command, fuzzer, folder = sys.argv
    packed = pathlib.Path(__file__).parent / "seeds" / f"{fuzzer}.hex"
    commands[command](packed, pathlib.Path(folder))


if __name__ == "__main__":
    main()
