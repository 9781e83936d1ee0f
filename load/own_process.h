// SPDX-License-Identifier: Apache-2.0
// What a load tool asks of the kernel for itself.
#pragma once

#include <cstddef>
#include <string>

namespace heliograph::load {

// False: there is no such CPU.
bool pin_to(int cpu);
// Raises the limit of open files if need be. Not empty: a sentence that says why that does not go.
std::string ask_for_files(size_t wanted);

}  // namespace heliograph::load
