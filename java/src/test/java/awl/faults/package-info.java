@org.jspecify.annotations.NullMarked
package awl.faults;
