#!/bin/sh
# Makes a Python with aiosmtpd in target/smtp, and prints the settings with which the tests require it:
#   export $(sh tests/smtp/setup.sh)
set -eu
cd "$(dirname "$0")/../.."
python3 -m venv target/smtp >&2
target/smtp/bin/python -m pip install --quiet --disable-pip-version-check -r tests/smtp/requirements.txt >&2
echo SWITCHBOARD_REQUIRE_SMTP=1
echo "SWITCHBOARD_SMTP_PYTHON=$(pwd)/target/smtp/bin/python"
