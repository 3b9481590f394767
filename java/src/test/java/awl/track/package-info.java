@org.jspecify.annotations.NullMarked
package awl.track;
