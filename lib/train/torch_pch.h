// Precompiled for the torch translation units of this folder. Deliberately not torch/torch.h, which is twice as slow
// to read and brings the C++ front end that nothing here uses.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
