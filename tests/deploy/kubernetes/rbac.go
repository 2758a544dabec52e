package kubernetes

import (
	rbac "k8s.io/api/rbac/v1"
)

// checkBinding reports bindings to roles or subjects that don't exist.
func (s *set) checkBinding(o Object) {
	var role rbac.RoleRef
	var subjects []rbac.Subject
	switch o := o.(type) {
	case *rbac.RoleBinding:
		role, subjects = o.RoleRef, o.Subjects
	case *rbac.ClusterRoleBinding:
		role, subjects = o.RoleRef, o.Subjects
	default:
		return
	}
	s.findIn(o, roleNamespace(o, role), role.Kind, role.Name)
	for _, subject := range subjects {
		s.findIn(o, subject.Namespace, subject.Kind, subject.Name)
	}
}

func roleNamespace(o Object, role rbac.RoleRef) string {
	if role.Kind == "Role" {
		return o.GetNamespace()
	}
	return ""
}
