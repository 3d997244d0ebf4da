#!/usr/bin/env bash
# Build what speed.py compares with: pyBKT 1.4.3 twice, beside the newest NumPy, pandas and
# scikit-learn it works with, and in the same environment mirt 1.2.0 and hmmlearn 0.3.3, as pip
# installs them. Needs Python 3.11 with its headers, and a C++ compiler (g++).
#
#   benchmarks/build_peers.sh [FOLDER]     by default benchmarks/.peers
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
peers="${1:-$here/.peers}"
python="${PYTHON:-python3.11}"
export PIP_DISABLE_PIP_VERSION_CHECK=1

rm -rf "$peers"
"$python" -m venv "$peers/env"
echo '*' > "$peers/.gitignore"
pip=("$peers/env/bin/python" -m pip --quiet)
"${pip[@]}" install "numpy<2.4" "scikit-learn<1.8" "pandas<3" scipy requests narwhals \
    "setuptools<80" wheel "mirt==1.2.0" "hmmlearn==0.3.3"

# As `pip install pyBKT` gives it: a wheel of pure Python.
"${pip[@]}" install --no-deps --only-binary pyBKT --target "$peers/pybkt-wheel" "pyBKT==1.4.3"

# From its source, with the extensions in C++. Under the newest setuptools (which an isolated
# build takes) their compilation fails and pure Python is installed without a word; hence no
# isolation, no cache of an earlier build, and the check.
"${pip[@]}" install --no-deps --no-binary pyBKT --no-build-isolation --no-cache-dir \
    --target "$peers/pybkt-cpp" "pyBKT==1.4.3"
compiled=("$peers"/pybkt-cpp/pyBKT/fit/E_step*.so)
if [[ ! -e "${compiled[0]}" ]]; then
    echo "pyBKT was installed without its C++ extension; is there a C++ compiler?" >&2
    exit 1
fi
echo "Built. Now: .venv/bin/python benchmarks/speed.py"
