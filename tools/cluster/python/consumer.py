"""A consumer as people write it with kafka-python: consumer.py <bootstrap servers> <topic> <group>. SIGTERM closes it."""

import signal
import sys

from kafka import KafkaConsumer

servers, topic, group = sys.argv[1:]
stopping = False


def stop(_signal, _frame):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
consumer = KafkaConsumer(
    topic,
    bootstrap_servers=servers.split(","),
    group_id=group,
    client_id="python-app",
    auto_offset_reset="earliest",
)
owned = None
while not stopping:
    consumer.poll(timeout_ms=500)
    now = sorted(each.partition for each in consumer.assignment())
    if now != owned:
        owned = now
        print(f"owns {owned}", flush=True)
consumer.close()
print("closed", flush=True)
