#!/bin/sh
# kafka.sh <main class> [arguments]: runs a class of Kafka's. The usual command names are links to this file.
set -eu
tools=org.apache.kafka.tools
case "$(basename "$0")" in
  kafka-topics.sh) class=$tools.TopicCommand ;;
  kafka-configs.sh) class=kafka.admin.ConfigCommand ;;
  kafka-consumer-groups.sh) class=$tools.consumer.group.ConsumerGroupCommand ;;
  kafka-console-consumer.sh) class=$tools.consumer.ConsoleConsumer ;;
  kafka-console-producer.sh) class=$tools.ConsoleProducer ;;
  kafka-producer-perf-test.sh) class=$tools.ProducerPerformance ;;
  kafka-consumer-perf-test.sh) class=$tools.ConsumerPerformance ;;
  kafka-get-offsets.sh) class=$tools.GetOffsetShell ;;
  kafka-metadata-quorum.sh) class=$tools.MetadataQuorumCommand ;;
  *) class=${1:?a main class}; shift ;;
esac
level=${KAFKA_LOG_LEVEL:-error}
# Names that do not resolve yet must be asked for again at once: brokers start before their neighbours have addresses.
# shellcheck disable=SC2086 # the options are several words
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} -XX:+UseSerialGC -XX:-UsePerfData \
  -Dsun.net.inetaddr.negative.ttl=0 -Dsun.net.inetaddr.ttl=5 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel="$level" -Dorg.slf4j.simpleLogger.showDateTime=true \
  -Dorg.slf4j.simpleLogger.dateTimeFormat="yyyy-MM-dd'T'HH:mm:ss.SSSXXX" \
  ${KAFKA_OPTS:-} -cp '/opt/kafka/lib/*' "$class" "$@"
