package awl.kernel;

class TorchKernelsTest extends KernelContract implements RopeContract, ResidualNormContract {

    @Override
    public Kernels kernels() {
        return new TorchKernels();
    }
}
