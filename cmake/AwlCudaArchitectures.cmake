# What libawl_cuda is compiled for: of the parts below, those that the given nvcc knows.
#
# Machine code runs on parts of the same major number and a minor one that is no less: 80 serves 8.6 and 8.9, 100 serves
# 10.3, 120 serves 12.1. PTX of the oldest lets the driver translate for any part between or behind (11.0, and B200 with
# an nvcc that does not know it); that of the newest is there so that later parts start from the latest instructions.
#
# sm_90a is not among them: what it adds to sm_90 (wgmma, TMA multicast, setmaxnreg) no kernel uses, the machine code would
# be the same twice, and compiling takes a fifth longer. cuBLASLt brings its own for the products.
set(AWL_CUDA_PARTS 80 90 100 120)  # A100, H100 and H200, B200, consumer Blackwell

# awl_cuda_architectures(NVCC VARIABLE): the list for CMAKE_CUDA_ARCHITECTURES.
function(awl_cuda_architectures nvcc variable)
    execute_process(COMMAND "${nvcc}" --list-gpu-code
        OUTPUT_VARIABLE told ERROR_VARIABLE trouble RESULT_VARIABLE status)
    string(REGEX MATCHALL "sm_[0-9]+[a-z]?" known "${told}")
    if(NOT status EQUAL 0 OR NOT known)
        string(STRIP "${trouble}" trouble)
        message(FATAL_ERROR "${nvcc} --list-gpu-code does not say what it compiles for (${status}: ${trouble}); "
            "name the architectures with -DCMAKE_CUDA_ARCHITECTURES=90")
    endif()
    set(parts)
    foreach(part IN LISTS AWL_CUDA_PARTS)
        if(sm_${part} IN_LIST known)
            list(APPEND parts ${part})
        endif()
    endforeach()
    if(NOT parts)
        string(REPLACE ";" " " known "${known}")
        message(FATAL_ERROR "${nvcc} compiles for ${known}, and for none of the parts that AWL has kernels for "
            "(${AWL_CUDA_PARTS}); name architectures of at least 80 with -DCMAKE_CUDA_ARCHITECTURES=90")
    endif()
    list(GET parts 0 oldest)
    list(GET parts -1 newest)
    set(architectures)
    foreach(part IN LISTS parts)
        if(part EQUAL oldest OR part EQUAL newest)
            list(APPEND architectures ${part})  # machine code and PTX
        else()
            list(APPEND architectures ${part}-real)
        endif()
    endforeach()
    set(${variable} "${architectures}" PARENT_SCOPE)
endfunction()
