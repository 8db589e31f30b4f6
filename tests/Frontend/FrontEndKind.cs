namespace VirtioFs.Frontend;

/// <summary>Whose order and form of vhost-user messages a guest uses.</summary>
public enum FrontEndKind
{
    /// <summary>QEMU (<c>hw/virtio/vhost-user.c</c>, <c>vhost.c</c>, <c>vhost-user-fs.c</c>).</summary>
    Qemu,

    /// <summary>Cloud Hypervisor (<c>virtio-devices/src/vhost_user/vu_common_ctrl.rs</c>).</summary>
    CloudHypervisor,

    /// <summary>User-Mode Linux (<c>arch/um/drivers/virtio_uml.c</c>).</summary>
    UserModeLinux,
}
