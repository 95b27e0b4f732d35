"""Answers the lines of Python that test/pytorch.test.ts calls by, into test/oracle/pytorch.json. Statements are separated
by `; `; the answer is how the last one prints, or the class of what was raised."""
import json
import re
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

warnings.filterwarnings('ignore')
tests = Path(__file__).parent.parent / 'test'
lines = re.findall(r"""^  (['"])(.+)\1:(?: |$)""", (tests / 'pytorch.test.ts').read_text(), re.MULTILINE)


def answer(line: str) -> str:
    scope = {'torch': torch, 'F': F, 't': torch.tensor, 'inf': float('inf'), 'nan': float('nan')}
    *statements, last = line.split('; ')
    torch.manual_seed(7)
    try:
        for statement in statements:
            exec(statement, scope)
        return str(eval(last, scope))
    except Exception as error:  # noqa: BLE001: what is raised is the answer
        print(f'{line}: {type(error).__name__}: {str(error).splitlines()[0]}', file=sys.stderr)
        return f'raises {type(error).__name__}'


answers = {line: answer(line) for _, line in lines}
(tests / 'oracle' / 'pytorch.json').write_text(json.dumps(answers, indent=0, ensure_ascii=False) + '\n')
