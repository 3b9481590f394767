package awl.token.jinja;

/// The language's `none`: a value of its own, so that no Java `null` ever travels through the engine.
enum None {
    NONE;

    @Override
    public String toString() {
        return "None";
    }
}
