"""``python -m course_lib.datasets`` writes the generated CSVs and data/README.md anew, from the registry."""

from __future__ import annotations

from course_lib.datasets.publish import write_all

if __name__ == "__main__":
    for path in write_all():
        print(path.name)
