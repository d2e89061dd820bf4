import sys

from wanghuo.entrypoints.cli.main import main

sys.exit(main())
