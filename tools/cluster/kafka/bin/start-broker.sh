#!/bin/sh
# Starts one combined broker and controller of a StatefulSet: the pod's number is the node's number.
set -eu
: "${POD_NAME:?}" "${POD_NAMESPACE:?}" "${POD_IP:?}" "${CLUSTER_ID:?}" "${REPLICAS:=3}" "${BROKERS_SERVICE:?}"
: "${LOG_DIR:=/var/lib/kafka/data}" "${CONFIG_FILE:=/etc/kafka/server.properties}"

name=${POD_NAME%-*}
number=${POD_NAME##*-}
domain=$BROKERS_SERVICE.$POD_NAMESPACE.svc.cluster.local

voters=
i=0
while [ "$i" -lt "$REPLICAS" ]; do
  voters=$voters${voters:+,}$i@$name-$i.$domain:9093
  i=$((i + 1))
done

config=/tmp/server.properties
cat "$CONFIG_FILE" - > "$config" <<END

process.roles=broker,controller
node.id=$number
log.dirs=$LOG_DIR
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listeners=INTERNAL://:9092,CONTROLLER://:9093,PODIP://:9094
advertised.listeners=INTERNAL://$POD_NAME.$domain:9092,PODIP://$POD_IP:9094
listener.security.protocol.map=INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,PODIP:PLAINTEXT
END

if [ ! -f "$LOG_DIR/meta.properties" ]; then
  KAFKA_HEAP_OPTS=-Xmx128m kafka.sh kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config "$config"
fi

if [ -n "${JMX_EXPORTER_PORT:-}" ]; then
  KAFKA_OPTS="${KAFKA_OPTS:-} -javaagent:$(echo /opt/kafka/lib/jmx_prometheus_javaagent-*.jar)=$JMX_EXPORTER_PORT:${JMX_EXPORTER_CONFIG:-/etc/kafka/jmx-exporter.yaml}"
fi
export KAFKA_OPTS="${KAFKA_OPTS:-}" KAFKA_LOG_LEVEL="${KAFKA_LOG_LEVEL:-info}"
exec kafka.sh kafka.Kafka "$config"
