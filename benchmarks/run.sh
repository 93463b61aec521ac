#!/usr/bin/env bash
# Times fedsim and its peers on the workloads; see README.md. Options: run.sh --help
set -euo pipefail
for python in "${PYTHON:-}" python3.13 python3.12 python3.11 /usr/bin/python3 python3; do
  if [ -n "$python" ] && "$python" -c 'import tomllib' 2>/dev/null; then
    exec "$python" "$(dirname "${BASH_SOURCE[0]}")/run.py" "$@"
  fi
done
echo "run.sh: needs Python 3.11 or newer (only its standard library)" >&2
exit 2
