package awl.track;

import java.util.Map;

/// The messages of a TensorBoard event file: `tensorboard.Event` with `Summary`, `SummaryMetadata` and `TensorProto`.
/// The numbers are those of event.proto, summary.proto and tensor.proto.
final class Event {

    private static final int DT_STRING = 7;
    private static final int SESSION_START = 1;

    private Event() {}

    /// Has to be the first of a file.
    static byte[] version() {
        return event(0).text(3, "brain.Event:2").toBytes();
    }

    /// A run begins here, or goes on: readers forget what they have of this step and later ones.
    static byte[] start(long step) {
        return event(step).message(7, new Protobuf().number(1, SESSION_START)).toBytes();
    }

    /// Numbers, by tag.
    static byte[] scalars(long step, Map<String, Double> values) {
        Protobuf summary = new Protobuf();
        values.forEach(
                (tag, value) -> summary.message(1, new Protobuf().text(1, tag).real(2, value.floatValue())));
        return event(step).message(5, summary).toBytes();
    }

    /// Markdown, as the text plugin shows it.
    static byte[] markdown(long step, String tag, String text) {
        Protobuf oneElement = new Protobuf().message(2, new Protobuf().number(1, 1));
        Protobuf tensor =
                new Protobuf().number(1, DT_STRING).message(2, oneElement).text(8, text);
        Protobuf metadata = new Protobuf().message(1, new Protobuf().text(1, "text"));
        Protobuf value = new Protobuf().text(1, tag).message(8, tensor).message(9, metadata);
        return event(step).message(5, new Protobuf().message(1, value)).toBytes();
    }

    /// The step of an event.
    static long step(byte[] event) {
        return Protobuf.number(event, 2, 0);
    }

    private static Protobuf event(long step) {
        Protobuf event = new Protobuf().real(1, System.currentTimeMillis() / 1e3);
        return step == 0 ? event : event.number(2, step);
    }
}
