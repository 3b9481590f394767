@org.jspecify.annotations.NullMarked
package awl.compare;
