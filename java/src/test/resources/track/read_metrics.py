"""What Prometheus's own parser finds in a text of metrics on stdin, as one line of JSON."""
import json
import sys

from prometheus_client.parser import text_string_to_metric_families

print(json.dumps({family.name: {"type": family.type, "help": family.documentation,
                                "samples": [[s.name, s.labels, s.value] for s in family.samples]}
                  for family in text_string_to_metric_families(sys.stdin.read())}))
