"""The build farm on one machine: builder hosts in namespaces of their own, driven as Jenkins drives them."""
