# Clusters for tests (tests/cluster/README.md), as fixtures: CTest starts one before the first test that asks for
# it, and ends it after the last. Each ends with CTest, too, however that ends.

# lgstore_cluster(<name> <options of cluster.sh up>...): what CLUSTER <name> of lgstore_test means.
set(lgstore_cluster_tool "${LGSTORE_BASH}" "${PROJECT_SOURCE_DIR}/tests/cluster/cluster.sh")
function(lgstore_cluster name)
  set(folder "${lgstore_work}/cluster/${name}")
  lgstore_test(cluster.${name}.up LABELS cluster TIMEOUT 600
    COMMAND ${lgstore_cluster_tool} up --dir "${folder}" --owner parent ${ARGN})
  lgstore_test(cluster.${name}.down LABELS cluster TIMEOUT 60
    COMMAND ${lgstore_cluster_tool} leave --dir "${folder}" --owner parent)
  set_tests_properties(cluster.${name}.up PROPERTIES FIXTURES_SETUP cluster_${name})
  set_tests_properties(cluster.${name}.down PROPERTIES FIXTURES_CLEANUP cluster_${name})
endfunction()

# One node, for all that do nothing to it: the developer's, if the environment of CTest names one.
lgstore_cluster(plain --or-given --forgetful)
# One node with TLS, client certificates and passwords.
lgstore_cluster(secure --forgetful --tls mutual --auth)
# Three nodes. Whoever kills or pauses one has it up again at the end.
lgstore_cluster(three --nodes 3)
