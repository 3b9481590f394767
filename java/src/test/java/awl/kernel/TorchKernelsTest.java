package awl.kernel;

class TorchKernelsTest extends KernelContract implements RopeContract, ResidualNormContract, DropoutContract {

    @Override
    public Kernels kernels() {
        return new TorchKernels();
    }
}
